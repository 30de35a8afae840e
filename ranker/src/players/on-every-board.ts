import { Problem } from "shared/api/problems";
import { boardsOnShard } from "shared/boards/boards-on-shard";
import { GLOBAL, type Shard, shardsThatMayHold, type Topology } from "shared/model/regions";
import type { Redis } from "shared/redis/redis";
import { toRedisProblem } from "shared/redis/redis-problem";
import type { Stores } from "shared/stores/stores";

/** The reply of a script on a shard that is split otherwise, or is moved. Nothing was done. */
export const MOVED = -1;
/** The reply of a script where the shard, or accounts, may not be written. Nothing was done. */
export const CLOSED = -3;

/** What one call of an act's script is about: some boards of one shard. */
export interface BoardPage {
  readonly shard: Shard;
  readonly redis: Redis;
  readonly boards: readonly string[];
  /** Whether this is the act's first call on the shard. */
  readonly isFirst: boolean;
}

interface ActedOn {
  topology: Topology;
  /** Redis for writes. */
  stores: Pick<Stores, "of">;
}

export interface PlayerAct {
  userId: string;
  /** Tells the caller what it means that the act is done in part. */
  inPart: string;
  /** Calls the act's script. Returns what the answer sums. */
  onPage(page: BoardPage): Promise<number>;
}

/**
 * Does an act on all boards of each shard that may hold a player: one shard a region, since only
 * the player's token names the home region. A failure on one shard does not stop the others.
 *
 * The first call on a shard also writes what holds for the player: the visibility, or the erasure.
 * No entry is missed. A board that held one before that call was on the shard by then, so the pages
 * list it; a write after that call reads what the call wrote, on any board. Each page compares
 * what it does with what holds when it runs, so it undoes no newer act.
 *
 * @returns the sum over all pages
 * @throws Problem `unavailable`: nothing was done; `outcome_unknown`: it may be done, or in part
 */
export async function onEveryBoard(where: ActedOn, act: PlayerAct): Promise<number> {
  const shards = shardsThatMayHold(where.topology, GLOBAL, act.userId);
  const outcomes = await Promise.allSettled(shards.map((shard) => onShard(where, shard, act)));
  const problems = outcomes.flatMap((each) => (each.status === "rejected" ? toRedisProblem(each.reason, "write") : []));
  const problem = problems.find(({ code }) => code === "outcome_unknown") ?? problems[0];
  if (problem !== undefined) {
    throw problems.length === shards.length ? problem : toPartialProblem(problem, act.inPart);
  }
  return outcomes.reduce((sum, outcome) => sum + (outcome.status === "fulfilled" ? outcome.value : 0), 0);
}

async function onShard({ topology, stores }: ActedOn, shard: Shard, { onPage, inPart }: PlayerAct): Promise<number> {
  const redis = stores.of(shard.region);
  let sum = 0;
  let isFirst = true;
  try {
    for await (const boards of boardsOnShard(redis, shard, topology.configuredBoards)) {
      sum += await onPage({ shard, redis, boards, isFirst });
      isFirst = false;
    }
  } catch (error) {
    throw isFirst ? error : toPartialProblem(error, inPart);
  }
  return sum;
}

/** What a failed write means to the caller where another part of it is done. */
export function toPartialProblem(error: unknown, inPart: string): Problem {
  const problem = toRedisProblem(error, "write");
  if (problem.code !== "unavailable") return problem;
  return new Problem("outcome_unknown", inPart, { cause: error });
}
