import { LeaderboardError } from "leaderboard-client";
import { MAIN_BOARD } from "shared/redis/keys";
import { byId, create } from "../dom.ts";
import type { Navigation } from "../navigation.ts";
import { isPermanent } from "../poll.ts";
import { createComboBox } from "./combo-box.ts";
import { createKnownBoards, SHOWN_MAX } from "./known-boards.ts";
import { type NamedBoard, readBoard, readBoards, unknownBoard } from "./read-boards.ts";

export interface BoardChoiceOptions {
  navigation: Navigation;
  /** Called when the definition of a board has come. */
  onNamed: () => void;
}

const RETRY_MS = 15_000;

/**
 * The choice of a board: a list where there are few, a search where there are many, and nothing
 * where there is one. A board of the address is chosen whether or not the list names it.
 */
export function createBoardChoice({ navigation, onNamed }: BoardChoiceOptions) {
  const known = createKnownBoards({ page: readBoards, one: readBoard });
  const select = byId("boards", HTMLSelectElement);
  const search = createComboBox({ find: known.find, onChoose: choose });
  /** The board of the address, where the list does not name it. */
  let unlisted: NamedBoard | undefined;
  /** A choice that showed before would become another one under the reader's hands. */
  let hasAsked = false;

  function choose(board: string): void {
    if (board !== navigation.place.board) navigation.replace({ board, page: 1 });
  }

  const present = (): NamedBoard => {
    const { board } = navigation.place;
    if (unlisted?.id === board) return unlisted;
    return known.get(board) ?? unknownBoard(board);
  };

  async function readList(): Promise<void> {
    try {
      await known.readMore();
    } catch (error) {
      if (!(error instanceof LeaderboardError)) throw error;
      // A server of an earlier version has no list.
      if (!isPermanent(error)) setTimeout(() => void readList(), RETRY_MS);
    }
    hasAsked = true;
    const [first] = known.all;
    const isMissing = known.isWhole && known.get(navigation.place.board) === undefined;
    if (isMissing && first !== undefined && !navigation.namesBoard) navigation.replace({ board: first.id });
    showPlace();
    onNamed();
  }

  /** Reads the title of a board that no part of the list has named so far. */
  async function readPresent(): Promise<void> {
    const { board } = navigation.place;
    if (known.all.length === 0 || known.isWhole || known.get(board) !== undefined || unlisted?.id === board) return;
    unlisted = unknownBoard(board);
    const named = await readBoard(board).catch(() => undefined);
    if (named === undefined || navigation.place.board !== board) return;
    unlisted = named;
    draw();
    onNamed();
  }

  function showSelect(): void {
    const boards = known.all.length === 0 ? [unknownBoard(MAIN_BOARD)] : [...known.all];
    const { board } = navigation.place;
    if (!boards.some(({ id }) => id === board)) boards.push(present());
    select.replaceChildren(
      ...boards.map(({ id, title }) => {
        const option = create("option", "", title);
        option.value = id;
        return option;
      }),
    );
    select.value = board;
    byId("board-choice", HTMLElement).hidden = boards.length < 2;
  }

  function draw(): void {
    if (!hasAsked) return;
    const isLong = known.all.length > SHOWN_MAX || (known.all.length > 0 && !known.isWhole);
    select.hidden = isLong;
    byId("board-combo", HTMLElement).hidden = !isLong;
    byId("board-label", HTMLLabelElement).htmlFor = isLong ? "board-search" : "boards";
    if (isLong) {
      byId("board-choice", HTMLElement).hidden = false;
      search.show(present());
    } else showSelect();
  }

  function showPlace(): void {
    draw();
    void readPresent();
  }

  select.addEventListener("change", () => choose(select.value));
  void readList();

  return {
    /** Shows the board of the address. */
    show: showPlace,
    /** The board of the address, as far as it is known. */
    present,
    /** The title of the board of the address; undefined for `main` where it has none of its own. */
    title(): string | undefined {
      const { id, title } = present();
      return id === MAIN_BOARD && title === id ? undefined : title;
    },
  };
}
