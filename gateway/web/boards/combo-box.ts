import { byId, create } from "../dom.ts";
import { formatNumber } from "../format.ts";
import { toRefusal } from "../refusal.ts";
import type { Found } from "./known-boards.ts";
import type { NamedBoard } from "./read-boards.ts";

export interface ComboBoxOptions {
  /** Finds boards by a part of their id or title. @throws LeaderboardError */
  find: (text: string, signal: AbortSignal) => Promise<Found>;
  onChoose: (id: string) => void;
}

// A pause in typing.
const SEARCH_DELAY_MS = 150;

/**
 * The field that searches for a board: the editable combo box with a list of WAI-ARIA. The focus
 * stays in the field; `aria-activedescendant` tells which option the arrow keys have reached.
 */
export function createComboBox({ find, onChoose }: ComboBoxOptions) {
  const field = byId("board-search", HTMLInputElement);
  const popup = byId("board-popup", HTMLElement);
  const list = byId("board-options", HTMLUListElement);
  let chosen: Pick<NamedBoard, "id" | "title"> = { id: "", title: "" };
  let options: { board: NamedBoard; element: HTMLLIElement }[] = [];
  let active = -1;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let searching = new AbortController();

  /** What the reader looks for. The field holds the chosen board's title until it is edited. */
  const wanted = () => (field.value === chosen.title ? "" : field.value.trim());
  const isOpen = () => !popup.hidden;

  function close(): void {
    clearTimeout(timer);
    searching.abort();
    show([]);
    popup.hidden = true;
    field.setAttribute("aria-expanded", "false");
    say("");
  }

  function restore(): void {
    close();
    field.value = chosen.title;
  }

  /** Shows the chosen board again, for the next text to replace. */
  function reset(): void {
    restore();
    field.select();
  }

  function choose(board: NamedBoard): void {
    chosen = board;
    reset();
    onChoose(board.id);
  }

  /** @returns whether the list shows what the field asks for, and no later search took over */
  async function search(): Promise<boolean> {
    clearTimeout(timer);
    searching.abort();
    searching = new AbortController();
    const { signal } = searching;
    const text = wanted();
    popup.hidden = false;
    field.setAttribute("aria-expanded", "true");
    say("Searching …");
    try {
      const { boards, hasMore } = await find(text, signal);
      show(boards);
      say(describe(boards.length, { text, hasMore }));
    } catch (error) {
      if (signal.aborted) return false;
      show([]);
      say(toRefusal(error).detail);
    }
    return true;
  }

  function show(boards: readonly NamedBoard[]): void {
    options = boards.map((board, index) => ({ board, element: createOption(board, index) }));
    list.replaceChildren(...options.map(({ element }) => element));
    reach(-1);
  }

  function createOption(board: NamedBoard, index: number): HTMLLIElement {
    const element = create("li");
    element.id = `board-option-${index}`;
    element.setAttribute("role", "option");
    element.append(create("bdi", "", board.title));
    if (board.title !== board.id) element.append(" ", create("span", "", board.id));
    if (board.id === chosen.id) element.setAttribute("aria-current", "true");
    element.addEventListener("click", () => choose(board));
    return element;
  }

  /** Moves to an option, from the last one on to the first; -1 leaves the options for the field. */
  function reach(index: number): void {
    active = options.length === 0 || index === -1 ? -1 : index % options.length;
    for (const [n, { element }] of options.entries()) element.setAttribute("aria-selected", String(n === active));
    const reached = options[active]?.element;
    if (reached === undefined) field.removeAttribute("aria-activedescendant");
    else field.setAttribute("aria-activedescendant", reached.id);
    reached?.scrollIntoView({ block: "nearest" });
  }

  async function open(toIndex: number): Promise<void> {
    if (await search()) reach(toIndex);
  }

  /** Chooses what the arrow keys have reached, or else what the text means by itself. */
  async function enter(): Promise<void> {
    const reached = options[active]?.board;
    if (reached !== undefined) return choose(reached);
    if (wanted() === "") return close();
    if (!(await search())) return;
    const [first, second] = options;
    const isMeant = (board: NamedBoard) => [board.id, board.title].some((name) => isEqual(name, wanted()));
    if (first !== undefined && (second === undefined || isMeant(first.board))) choose(first.board);
  }

  const keys: Record<string, (event: KeyboardEvent) => void> = {
    ArrowDown: ({ altKey }) => (isOpen() ? reach(active + 1) : void open(altKey ? -1 : 0)),
    ArrowUp({ altKey }) {
      if (altKey) close();
      else if (isOpen()) reach((active > 0 ? active : options.length) - 1);
      else void open(options.length - 1);
    },
    Enter: () => void enter(),
    // The first press closes the list, the next one gives up the text.
    Escape: () => (isOpen() ? close() : reset()),
  };
  field.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (act === undefined || event.isComposing) return;
    event.preventDefault();
    act(event);
  });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    reach(-1);
    timer = setTimeout(() => void search(), SEARCH_DELAY_MS);
  });
  field.addEventListener("focus", () => field.select());
  field.addEventListener("click", () => {
    if (isOpen()) return;
    field.select();
    void search();
  });
  field.addEventListener("blur", restore);
  // A press on an option must not take the focus from the field, whose loss closes the list.
  popup.addEventListener("mousedown", (event) => event.preventDefault());

  return {
    /** Shows the chosen board, but never over what a reader types. */
    show(board: NamedBoard): void {
      const hasFocus = field === document.activeElement;
      const isEdited = hasFocus && field.value !== chosen.title;
      const isSame = field.value === board.title;
      chosen = board;
      if (isEdited || isSame) return;
      field.value = board.title;
      if (hasFocus) field.select(); // what is typed next replaces the title
    },
  };
}

const isEqual = (name: string, text: string) => name.toLowerCase() === text.toLowerCase();

/** Tells what the list shows, below it and to a screen reader. */
function say(text: string): void {
  for (const id of ["board-hint", "board-status"]) byId(id, HTMLElement).textContent = text;
}

function describe(count: number, { text, hasMore }: { text: string; hasMore: boolean }): string {
  if (count === 0) return hasMore ? `Of the first boards none matches “${text}”.` : `No board matches “${text}”.`;
  if (hasMore) return text === "" ? "There are more boards: type a part of a name." : "More boards match: type more.";
  return count === 1 ? "1 board" : `${formatNumber(count)} boards`;
}
