import type { BoardState } from "../model/board.ts";

/** What a shard keeps of a board, as `boardsKey` describes it. */
export interface KeptBoard {
  rev: number;
  state: BoardState;
  /** Undefined on a board without seasons, and where none is known yet. */
  seasons: KeptSeasons | undefined;
}

/** The season that runs on a shard. Times are microseconds. */
export interface KeptSeasons {
  season: number;
  /** The oldest season whose keys may be left. */
  oldest: number;
  startsAt: number;
  /** The end of the season, and of those behind it. */
  ends: readonly [number, ...number[]];
  /** Of the plan (µs) that the ends are of. */
  planned: number;
  /**
   * Whether an operator is ending the season: the one end is then the instant from which on nothing
   * is written, until a plan behind `planned` says whether it is the end.
   */
  isFenced: boolean;
}

const KEPT = /^(\d{1,16}) (open|deleting)((?: \d{1,16})*)(?: (plan|fence) (\d{1,16}))?$/;

/** Undefined for a text that no service writes. */
export function parseKeptBoard(text: string): KeptBoard | undefined {
  const [, rev, state, rest = "", mark, planned = 0] = KEPT.exec(text) ?? [];
  if (rev === undefined) return undefined;
  const [season, oldest, startsAt, endsAt, ...following] = rest.split(" ").slice(1).map(Number);
  const kept = { rev: Number(rev), state: state === "open" ? "open" : "deleting" } as const;
  if (season === undefined || oldest === undefined || startsAt === undefined || endsAt === undefined) {
    return { ...kept, seasons: undefined };
  }
  const ends: KeptSeasons["ends"] = [endsAt, ...following];
  const isFenced = mark === "fence";
  return { ...kept, seasons: { season, oldest, startsAt, ends, planned: Number(planned), isFenced } };
}
