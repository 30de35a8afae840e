import { isBoardId } from "shared/model/board-id";
import { MAIN_BOARD } from "shared/redis/keys";
import { findUnfound, type Nearest, type Unfound } from "./unfound.ts";

/**
 * What the page shows, as its address says: `?region=EU&board=weekly&season=4&page=2&player=ada`.
 */
export interface Place {
  region: string;
  board: string;
  /** A number, or `previous`; "" for the season that runs, and on a board without seasons. */
  season: string;
  /** From 1. */
  page: number;
  /** The player who is looked up; "" for none. */
  player: string;
}

/** A link brings the reader to what it opens; a form and the browser's history leave the focus. */
export type Via = "link" | "form" | "history";

export interface NavigationOptions {
  regions: readonly string[];
  pagesMax: number;
  onChange: (before: Place, via: Via) => void;
}

export interface Navigation {
  readonly place: Place;
  /** Whether the address names a board, which need not be `main` for that. */
  readonly namesBoard: boolean;
  /** What the address named in vain, until the reader goes to another place. */
  readonly unfound: Unfound;
  /** The address of another place, relative to the page. */
  hrefOf(change: Partial<Place>): string;
  /** Goes to another place, and keeps the present one in the browser's history. */
  go(change: Partial<Place>): void;
  /** Goes to another place instead of the present one. */
  replace(change: Partial<Place>): void;
  /** Goes to the nearest place that there is, and keeps what there is not in `unfound`. */
  correct(change: Partial<Nearest>): void;
}

export const EVERYWHERE = "GLOBAL";

/** Keeps the place and the address of the page in step, and follows links that begin with "?". */
export function createNavigation({ regions, pagesMax, onChange }: NavigationOptions): Navigation {
  let place = readPlace();
  let unfound: Unfound = {};

  function readPlace(search = location.search): Place {
    const query = new URLSearchParams(search);
    const page = Number(query.get("page"));
    const board = query.get("board") ?? "";
    const season = query.get("season") ?? "";
    return {
      region: regions.find((each) => each === query.get("region")?.toUpperCase()) ?? EVERYWHERE,
      board: isBoardId(board) ? board : MAIN_BOARD,
      season: /^(previous|0|[1-9]\d{0,8})$/.test(season) ? season : "",
      page: Number.isInteger(page) && page >= 1 ? Math.min(page, pagesMax) : 1,
      player: query.get("player") ?? "",
    };
  }

  /** Another board has other seasons. */
  function toNext(change: Partial<Place>): Place {
    const isOther = change.board !== undefined && change.board !== place.board;
    return { ...place, season: isOther ? "" : place.season, ...change };
  }

  function hrefOf(change: Partial<Place>): string {
    const { region, board, season, page, player } = toNext(change);
    const query = new URLSearchParams({ region });
    if (board !== MAIN_BOARD) query.set("board", board);
    if (season !== "") query.set("season", season);
    if (page > 1) query.set("page", String(page));
    if (player !== "") query.set("player", player);
    return `?${query}`;
  }

  function move(next: Place, via: Via): void {
    const before = place;
    place = next;
    onChange(before, via);
  }

  /** Notes what the address names in vain, and corrects it. */
  function checkAddress(): void {
    const next = readPlace();
    unfound = findUnfound(new URLSearchParams(location.search), next);
    if (Object.keys(unfound).length > 0) history.replaceState(null, "", hrefOf(next));
  }

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (link?.getAttribute("href")?.startsWith("?") !== true || !isPlain) return;
    event.preventDefault();
    if (link.search !== location.search) history.pushState(null, "", link.search);
    checkAddress();
    move(readPlace(), "link");
  });
  window.addEventListener("popstate", () => {
    checkAddress();
    move(readPlace(), "history");
  });
  checkAddress();

  return {
    get place() {
      return place;
    },
    get namesBoard() {
      return new URLSearchParams(location.search).has("board");
    },
    get unfound() {
      return unfound;
    },
    hrefOf,
    go(change) {
      unfound = {};
      history.pushState(null, "", hrefOf(change));
      move(toNext(change), "form");
    },
    replace(change) {
      unfound = {};
      history.replaceState(null, "", hrefOf(change));
      move(toNext(change), "form");
    },
    correct(change) {
      const missing = { ...unfound };
      for (const part of ["region", "board", "season", "page"] as const) {
        const isOther = part in change && change[part] !== place[part];
        if (isOther) missing[part] ??= String(place[part]);
      }
      unfound = missing;
      history.replaceState(null, "", hrefOf(change));
      move(toNext(change), "form");
    },
  };
}
