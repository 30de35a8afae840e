import type { Entry } from "shared/api/entries";
import { type BoardState, nameOf } from "shared/model/board-changes";
import { byId, create } from "./dom.ts";
import { formatNumber } from "./format.ts";

const MOVE_MS = 450;
const MARK_MS = 4_000;
const PLACEHOLDER_ROWS = 8;

interface Row {
  element: HTMLTableRowElement;
  show(entry: Entry, withRegion: boolean): void;
}

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** The table of entries: shows a state of the board and animates the changes. */
export function createRanking(isYou: (entry: Entry) => boolean) {
  const table = byId("ranking", HTMLTableElement);
  const body = byId("rows", HTMLTableSectionElement);
  const rows = new Map<string, Row>();
  let shown: BoardState | undefined;

  function draw(state: BoardState): void {
    const isSameView = shown?.region === state.region && shown.board === state.board;
    if (!isSameView) clear();
    const tops = reducedMotion.matches
      ? undefined
      : new Map([...rows].map(([name, { element }]) => [name, topOf(element)]));
    const removed = new Set(rows.keys());
    for (const [index, entry] of state.entries.entries()) {
      const name = nameOf(entry);
      removed.delete(name);
      const row = rows.get(name) ?? createRow(isSameView);
      rows.set(name, row);
      row.show(entry, state.region === "GLOBAL");
      const { element } = row;
      element.classList.toggle("is-marked", isYou(entry));
      if (body.children[index] !== element) body.insertBefore(element, body.children[index] ?? null);
    }
    for (const name of removed) {
      rows.get(name)?.element.remove();
      rows.delete(name);
    }
    if (tops !== undefined && isSameView) slide(tops);
    shown = state;
    table.setAttribute("aria-busy", "false");
    table.hidden = state.entries.length === 0;
    byId("empty", HTMLElement).hidden = state.entries.length > 0;
  }

  /** Animates moved rows from their former places. */
  function slide(tops: ReadonlyMap<string, number>): void {
    for (const { element } of rows.values()) for (const moving of element.getAnimations()) moving.cancel();
    for (const [name, { element }] of rows) {
      const before = tops.get(name);
      const by = before === undefined ? 0 : before - topOf(element);
      const from = before === undefined ? { opacity: 0 } : { transform: `translateY(${by}px)` };
      if (before === undefined || by !== 0) element.animate([from, {}], { duration: MOVE_MS, easing: "ease-in-out" });
    }
  }

  function clear(): void {
    rows.clear();
    body.replaceChildren();
    shown = undefined;
  }

  function createRow(isNew: boolean): Row {
    const element = create("tr");
    const place = create("span", "place");
    const rank = create("span");
    const step = create("span", "step");
    step.setAttribute("aria-hidden", "true");
    const player = create("span", "player");
    const name = create("bdi");
    const region = create("span", "tag");
    const you = create("span", "tag is-you", "you");
    const score = create("td", "score");
    const points = create("span");
    place.append(rank, step);
    player.append(name, region, you);
    score.append(points);
    for (const part of [place, player]) {
      const cell = create("td");
      cell.append(part);
      element.append(cell);
    }
    element.append(score);
    let was: Entry | undefined;
    let stepTimer: ReturnType<typeof setTimeout> | undefined;
    let scoreTimer: ReturnType<typeof setTimeout> | undefined;

    function showStep(by: number | "new"): void {
      clearTimeout(stepTimer);
      step.classList.toggle("is-up", by === "new" || by > 0);
      step.textContent = by === "new" ? "new" : by > 0 ? `▲${by}` : `▼${-by}`;
      stepTimer = setTimeout(() => step.replaceChildren(), MARK_MS);
    }

    return {
      element,
      show(entry, withRegion) {
        element.classList.toggle("is-first", entry.rank === 1);
        rank.textContent = formatNumber(Number(entry.rank));
        name.textContent = entry.name;
        name.title = `${entry.name} (${entry.user_id})`;
        region.textContent = withRegion ? entry.region : "";
        you.hidden = !isYou(entry);
        points.textContent = formatNumber(entry.score);
        if (was === undefined && isNew) showStep("new");
        if (was !== undefined && was.rank !== entry.rank) showStep(Number(was.rank) - Number(entry.rank));
        if (was !== undefined && was.score !== entry.score) {
          clearTimeout(scoreTimer);
          score.classList.add("is-new");
          scoreTimer = setTimeout(() => score.classList.remove("is-new"), MARK_MS);
        }
        was = entry;
      },
    };
  }

  return {
    draw,
    /** Shows placeholder rows until the first state arrives. */
    wait(): void {
      clear();
      byId("empty", HTMLElement).hidden = true;
      table.hidden = false;
      table.setAttribute("aria-busy", "true");
      for (let n = 0; n < PLACEHOLDER_ROWS; n++) {
        const row = create("tr", "is-waiting");
        row.setAttribute("aria-hidden", "true");
        row.append(create("td"), create("td"), create("td"));
        body.append(row);
      }
    },
    /** Draws the same state again, after a login or logout. */
    redraw(): void {
      if (shown !== undefined) draw(shown);
    },
    /** Hides the table. */
    hide(): void {
      table.hidden = true;
    },
    markOld: (isOld: boolean) => void table.classList.toggle("is-old", isOld),
  };
}

const topOf = (element: Element) => element.getBoundingClientRect().top;
