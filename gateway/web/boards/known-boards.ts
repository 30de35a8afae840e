import { isBoardId } from "shared/model/board-id";
import type { BoardPage, NamedBoard } from "./read-boards.ts";

/** Boards that match a text, the best matches first. */
export interface Found {
  boards: readonly NamedBoard[];
  /** Whether there may be others that match. */
  hasMore: boolean;
}

/** The boards that the page has read, and the way to the others. */
export interface KnownBoards {
  /** In the server's order. */
  readonly all: readonly NamedBoard[];
  /** Whether there are no others. */
  readonly isWhole: boolean;
  get(id: string): NamedBoard | undefined;
  /** Reads the next part of the list; at the end of the list, nothing. @throws LeaderboardError */
  readMore(): Promise<void>;
  /**
   * Finds boards whose id or title contains a text; case and accents do not count. It reads on
   * until there are enough.
   *
   * @throws LeaderboardError; the reason of an aborted signal
   */
  find(text: string, signal: AbortSignal): Promise<Found>;
}

/** The routes that the list is read from. */
export interface BoardReads {
  /** Reads the part of the list at a cursor; the first one without. */
  page: (cursor: string | undefined) => Promise<BoardPage>;
  one: (id: string) => Promise<NamedBoard>;
}

/** Matches that a reader is shown at once. */
export const SHOWN_MAX = 20;
/** Boards that the page keeps, some 2 MB. Others are found by their whole id alone. */
export const KNOWN_MAX = 10_000;

/** A list of boards that is read in parts, and only as far as a search needs. */
export function createKnownBoards({ page, one }: BoardReads): KnownBoards {
  const all: NamedBoard[] = [];
  const byId = new Map<string, NamedBoard>();
  let next: string | undefined;
  let hasBegun = false;
  let reading: Promise<void> | undefined;

  const isAtEnd = () => hasBegun && (next === undefined || all.length >= KNOWN_MAX);

  async function readOnce(): Promise<void> {
    const { boards, next: after } = await page(next);
    for (const board of boards) {
      if (byId.has(board.id)) continue;
      byId.set(board.id, board);
      all.push(board);
    }
    next = after;
    hasBegun = true;
  }

  /** Searches share a read, which goes on when one of them is given up. */
  async function readMore(): Promise<void> {
    if (isAtEnd()) return;
    reading ??= readOnce().finally(() => {
      reading = undefined;
    });
    await reading;
  }

  async function readUntilEnough(wanted: string, signal: AbortSignal): Promise<Match[]> {
    const matches: Match[] = [];
    for (let from = 0; ; ) {
      for (; from < all.length; from++) matches.push(...toMatches(all[from], wanted));
      if (matches.length > SHOWN_MAX || isAtEnd()) return matches;
      await readMore();
      signal.throwIfAborted();
    }
  }

  return {
    all,
    get isWhole() {
      return hasBegun && next === undefined;
    },
    get: (id) => byId.get(id),
    readMore,
    async find(text, signal) {
      const wanted = fold(text);
      // The board of exactly this id may stand in a part that the search does not reach.
      const mayHide = isBoardId(wanted) && !byId.has(wanted);
      const exact = mayHide ? one(wanted).catch(() => undefined) : undefined;
      const matches = await readUntilEnough(wanted, signal);
      const hidden = await exact;
      signal.throwIfAborted();
      if (!byId.has(wanted)) matches.push(...toMatches(hidden, wanted));
      matches.sort((a, b) => b.nearness - a.nearness);
      const hasMore = matches.length > SHOWN_MAX || !(hasBegun && next === undefined);
      return { boards: matches.slice(0, SHOWN_MAX).map(({ board }) => board), hasMore };
    },
  };
}

interface Match {
  board: NamedBoard;
  /** 3 for the same text, 2 for one that begins with it, 1 for one that contains it. */
  nearness: number;
}

/** The board where it matches, or nothing. */
function toMatches(board: NamedBoard | undefined, wanted: string): Match[] {
  if (board === undefined) return [];
  const nearness = Math.max(...[board.id, board.title].map((text) => nearnessOf(fold(text), wanted)));
  return nearness === 0 ? [] : [{ board, nearness }];
}

function nearnessOf(text: string, wanted: string): number {
  if (text === wanted) return 3;
  if (text.startsWith(wanted)) return 2;
  return text.includes(wanted) ? 1 : 0;
}

const fold = (text: string) => text.trim().normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
