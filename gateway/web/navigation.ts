import { isBoardId } from "shared/model/board-id";
import { MAIN_BOARD } from "shared/redis/keys";

/** What the page shows, as its address says: `?region=EU&board=weekly&page=2&player=ada`. */
export interface Place {
  region: string;
  board: string;
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
  /** The address of another place, relative to the page. */
  hrefOf(change: Partial<Place>): string;
  /** Goes to another place, and keeps the present one in the browser's history. */
  go(change: Partial<Place>): void;
  /** Goes to another place instead of the present one. */
  replace(change: Partial<Place>): void;
}

export const EVERYWHERE = "GLOBAL";

/** Keeps the place and the address of the page in step, and follows links that begin with "?". */
export function createNavigation({ regions, pagesMax, onChange }: NavigationOptions): Navigation {
  let place = readPlace();

  function readPlace(search = location.search): Place {
    const query = new URLSearchParams(search);
    const page = Number(query.get("page"));
    const board = query.get("board") ?? "";
    return {
      region: regions.find((each) => each === query.get("region")?.toUpperCase()) ?? EVERYWHERE,
      board: isBoardId(board) ? board : MAIN_BOARD,
      page: Number.isInteger(page) && page >= 1 ? Math.min(page, pagesMax) : 1,
      player: query.get("player") ?? "",
    };
  }

  function hrefOf(change: Partial<Place>): string {
    const { region, board, page, player } = { ...place, ...change };
    const query = new URLSearchParams({ region });
    if (board !== MAIN_BOARD) query.set("board", board);
    if (page > 1) query.set("page", String(page));
    if (player !== "") query.set("player", player);
    return `?${query}`;
  }

  function move(next: Place, via: Via): void {
    const before = place;
    place = next;
    onChange(before, via);
  }

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (link?.getAttribute("href")?.startsWith("?") !== true || !isPlain) return;
    event.preventDefault();
    if (link.search !== location.search) history.pushState(null, "", link.search);
    move(readPlace(link.search), "link");
  });
  window.addEventListener("popstate", () => move(readPlace(), "history"));

  return {
    get place() {
      return place;
    },
    get namesBoard() {
      return new URLSearchParams(location.search).has("board");
    },
    hrefOf,
    go(change) {
      history.pushState(null, "", hrefOf(change));
      move({ ...place, ...change }, "form");
    },
    replace(change) {
      history.replaceState(null, "", hrefOf(change));
      move({ ...place, ...change }, "form");
    },
  };
}
