import type { Entry } from "shared/api/entries";
import { type BoardState, nameOf } from "shared/model/board-changes";
import { byId, create } from "../dom.ts";
import { formatScore, type ScoreFormat } from "../format.ts";
import { noteFocus } from "./focus.ts";
import { noteMoves } from "./moves.ts";
import type { OwnRow } from "./own-place.ts";
import { createRow, type Row } from "./row.ts";

const PLACEHOLDER_ROWS = 8;
// A longer score leaves a phone no room for the name beside it.
const SCORE_LENGTH_MAX = "1,234,567".length;

export interface RankingOptions {
  isYou: (entry: Entry) => boolean;
  /** How the board shows its scores. */
  format: () => ScoreFormat;
  /** The address of a player. */
  hrefOf: (entry: Entry) => string;
}

/** The table of entries: shows a page of the board and animates the changes. */
export function createRanking({ isYou, format, hrefOf }: RankingOptions) {
  const table = byId("ranking", HTMLTableElement);
  const body = byId("rows", HTMLTableSectionElement);
  const rows = new Map<string, Row>();
  let isFilled = false;

  function* elements(): Generator<HTMLElement> {
    for (const { element } of rows.values()) yield element;
  }

  function draw({ region, entries }: BoardState): OwnRow | undefined {
    if (!isFilled) clear();
    const restoreFocus = noteFocus(body);
    const animate = noteMoves(elements());
    let own: OwnRow | undefined;
    const removed = new Set(rows.keys());
    for (const [index, entry] of entries.entries()) {
      const name = nameOf(entry);
      removed.delete(name);
      const row = rows.get(name) ?? createRow(isFilled);
      rows.set(name, row);
      const { element } = row;
      row.show({ entry, href: hrefOf(entry), isYou: isYou(entry), format: format(), withRegion: region === "GLOBAL" });
      if (isYou(entry)) own = { entry, element };
      if (body.children[index] !== element) body.insertBefore(element, body.children[index] ?? null);
    }
    for (const name of removed) {
      rows.get(name)?.element.remove();
      rows.delete(name);
    }
    restoreFocus();
    const isLong = entries.some(({ score }) => formatScore(score, format()).length > SCORE_LENGTH_MAX);
    table.classList.toggle("has-long-scores", isLong);
    if (isFilled) animate(elements());
    isFilled = true;
    table.setAttribute("aria-busy", "false");
    table.hidden = entries.length === 0;
    byId("empty", HTMLElement).hidden = entries.length > 0;
    return own;
  }

  function clear(): void {
    rows.clear();
    body.replaceChildren();
    isFilled = false;
  }

  return {
    /** Shows these entries. @returns the row of the player who is logged in, if there is one */
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
    /** Hides the table. */
    hide(): void {
      table.hidden = true;
    },
    /** What is shown in the place of no entries. */
    describeEmpty(title: string, text: string): void {
      byId("empty-title", HTMLElement).textContent = title;
      byId("empty-text", HTMLElement).textContent = text;
    },
    markOld: (isOld: boolean) => void table.classList.toggle("is-old", isOld),
  };
}
