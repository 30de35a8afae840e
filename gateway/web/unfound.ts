import { byId } from "./dom.ts";
import { formatNumber } from "./format.ts";

/** What the page shows in the place of what was not found. */
export interface Nearest {
  region: string;
  board: string;
  season: string;
  page: number;
}

/** What an address names and the leaderboard does not have, in the words of the address. */
export type Unfound = Partial<Record<keyof Nearest, string>>;

const LENGTH_MAX = 40;

/** Finds what `query` names in vain: `nearest`, which was read from it, shows something else. */
export function findUnfound(query: URLSearchParams, nearest: Nearest): Unfound {
  const [region, board, season, page] = ["region", "board", "season", "page"].map(
    (part) => query.get(part) || undefined,
  );
  const unfound: Unfound = {};
  if (region !== undefined && region.toUpperCase() !== nearest.region.toUpperCase()) unfound.region = region;
  if (board !== undefined && board !== nearest.board) unfound.board = board;
  if (season !== undefined && season !== nearest.season) unfound.season = season;
  if (page !== undefined && Number(page) !== nearest.page) unfound.page = page;
  return unfound;
}

/** Says what was not found, and what the page shows in its place; "" where all was found. */
export function describeUnfound({ region, board, season, page }: Unfound, nearest: Nearest): string {
  const sentences: string[] = [];
  if (region !== undefined) sentences.push(`There is no region ${quote(region)}. This is the board of all regions.`);
  if (board !== undefined) sentences.push(`There is no board ${quote(board)}. This is ${nearest.board}.`);
  if (season !== undefined) sentences.push(`There is no season ${quote(season)}. These are the present scores.`);
  if (page !== undefined) {
    const last = Number(page) > nearest.page ? ", the last one" : "";
    sentences.push(`There is no page ${quote(page)}. This is page ${formatNumber(nearest.page)}${last}.`);
  }
  return sentences.join(" ");
}

/** Shows the text beside the board; "" removes it. */
export function showUnfound(text: string): void {
  const element = byId("unfound", HTMLElement);
  // A screen reader would read the same text out again.
  if (element.textContent !== text) element.textContent = text;
}

function quote(named: string): string {
  if (/^\d{1,15}$/.test(named)) return formatNumber(Number(named));
  return `“${named.length > LENGTH_MAX ? `${named.slice(0, LENGTH_MAX)}…` : named}”`;
}
