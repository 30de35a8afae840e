import type { Shard } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { retryBriefly } from "../command/retry-briefly.ts";
import { boardsWithEntries } from "./boards-with-entries.ts";

// A script that moves so many entries blocks Redis for some 5 ms; most players are on few boards,
// and an entry that is not there costs a hundredth of that.
const PAIRS_PER_SCRIPT = 2_500;
/** Lua unpacks no more than some thousand values at once. */
const PLAYERS_PER_SCRIPT = 250;

export interface PlayersOnBoards<P> {
  redis: Redis;
  shard: Shard;
  configuredBoards: readonly string[];
  players: readonly P[];
}

/**
 * Calls `work`, which must be safe to repeat, for some players on some boards at a time, until it
 * has seen each of the players on each board that has an entry on the shard.
 *
 * @throws what Redis throws, after some retries
 */
export async function onEveryBoard<P>(
  { redis, shard, configuredBoards, players }: PlayersOnBoards<P>,
  work: (boards: readonly string[], players: readonly P[]) => Promise<unknown>,
): Promise<void> {
  if (players.length === 0) return;
  const pages = await retryBriefly(() => Array.fromAsync(boardsWithEntries(redis, shard, configuredBoards)));
  for (const boards of pages) {
    const step = Math.min(PLAYERS_PER_SCRIPT, Math.floor(PAIRS_PER_SCRIPT / boards.length));
    for (let i = 0; i < players.length; i += step) {
      const some = players.slice(i, i + step);
      await retryBriefly(() => work(boards, some));
    }
  }
}
