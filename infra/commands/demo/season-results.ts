import type { Client } from "leaderboard-client";
import type { WrittenEntry } from "shared/api/entries";
import { wait } from "shared/base/wait";
import { SEASONS_BOARD } from "./seasons-board.ts";

const ASK_AGAIN_MS = 100;
const FINAL_MS_MAX = 60_000;
/** The answer to the last write of a season may still be under way. */
const COMPARISONS_MAX = 20;
/** `GET /top` reads so many at most: of a larger season the best are compared. */
const COMPARED_MAX = 1_000;

/** The last entry of each player that was acknowledged, by season. */
export interface Acknowledged {
  note(entry: WrittenEntry): void;
  /** The seasons of the entries, the oldest first. */
  seasons(): number[];
  of(season: number): ReadonlyMap<string, WrittenEntry>;
  /** The scores that were submitted in a season. */
  submits(season: number): number;
}

export function createAcknowledged(): Acknowledged {
  const bySeason = new Map<number, { last: Map<string, WrittenEntry>; submits: number }>();
  return {
    note(entry) {
      const { season = 0, user_id, updated_at } = entry;
      const found = bySeason.get(season) ?? { last: new Map<string, WrittenEntry>(), submits: 0 };
      bySeason.set(season, found);
      found.submits++;
      // Answers of one player may overtake each other.
      const before = found.last.get(user_id);
      if (before === undefined || before.updated_at < updated_at) found.last.set(user_id, entry);
    },
    seasons: () => [...bySeason.keys()].sort((a, b) => a - b),
    of: (season) => bySeason.get(season)?.last ?? new Map<string, WrittenEntry>(),
    submits: (season) => bySeason.get(season)?.submits ?? 0,
  };
}

/** What became of a season. */
export interface EndedSeason {
  season: number;
  submits: number;
  players: number;
  winner: { user_id: string; name: string; score: number } | null;
  /** From when the demo saw the next season to the final results. */
  final_after_ms: number;
  /** Players whose archived score is not the one that was acknowledged last. */
  different: string[];
}

/**
 * Waits for the results of a season that has ended, and compares them with what was acknowledged.
 *
 * @throws Error where they are not final in time
 */
export async function awaitResults(
  client: Client,
  season: number,
  { acknowledged, signal }: { acknowledged: Acknowledged; signal: AbortSignal },
): Promise<EndedSeason> {
  const startedAt = performance.now();
  for (;;) {
    const { state } = await client.readSeason(SEASONS_BOARD, season);
    if (state === "final") break;
    const hint = state === "incomplete" ? "look at ./lb queue --dead" : "is a drainer running?";
    if (performance.now() - startedAt > FINAL_MS_MAX) throw new Error(`Season ${season} is still ${state}: ${hint}`);
    await wait(ASK_AGAIN_MS, signal);
  }
  const final_after_ms = Math.round(performance.now() - startedAt);
  const { total, entries } = await client.top({ board: SEASONS_BOARD, season, limit: COMPARED_MAX });
  let different = compare(acknowledged.of(season), entries, total);
  for (let n = 1; n < COMPARISONS_MAX && different.length > 0; n++) {
    await wait(ASK_AGAIN_MS, signal);
    different = compare(acknowledged.of(season), entries, total);
  }
  const [first] = entries;
  return {
    season,
    submits: acknowledged.submits(season),
    players: total,
    winner: first === undefined ? null : { user_id: first.user_id, name: first.name, score: first.score },
    final_after_ms,
    different,
  };
}

function compare(
  last: ReadonlyMap<string, WrittenEntry>,
  entries: readonly { user_id: string; score: number }[],
  total: number,
): string[] {
  const archived = new Map(entries.map((entry) => [entry.user_id, entry.score]));
  const isWhole = total <= COMPARED_MAX;
  const names = isWhole ? new Set([...last.keys(), ...archived.keys()]) : new Set(archived.keys());
  return [...names].filter((name) => archived.get(name) !== last.get(name)?.score);
}

/** A season in words. */
export function describeEnded({ season, submits, players, winner, final_after_ms, different }: EndedSeason): string {
  const count = (value: number, noun: string) => `${value.toLocaleString("en")} ${noun}${value === 1 ? "" : "s"}`;
  const won = winner === null ? "no player" : `${winner.name} won with ${winner.score.toLocaleString("en")}`;
  const same =
    different.length === 0
      ? "archived = acknowledged"
      : `DIFFERENT from what was acknowledged: ${different.join(", ")}`;
  const after = (final_after_ms / 1_000).toFixed(1);
  return `Season ${season}: ${won} (${count(submits, "score")}, ${count(players, "player")}). Final after ${after} s; ${same}.`;
}
