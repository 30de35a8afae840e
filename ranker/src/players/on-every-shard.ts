import { Problem } from "shared/api/problems";
import { GLOBAL, type Shard, shardsThatMayHold, type Topology } from "shared/model/regions";
import { toRedisProblem } from "shared/redis/redis-problem";

/** The reply of a script where the shard, or accounts, may not be written. Nothing was done. */
export const CLOSED = -3;

/**
 * Does the same on each shard that may hold a player: one a region, since only the player's token
 * names the home region. A failure on one does not stop the others.
 *
 * @param inPart tells the caller what it means that only some shards have done it
 * @returns the sum of the shards' answers
 * @throws Problem `unavailable`: no shard has done it; `outcome_unknown`: some may have
 */
export async function onEveryShard(
  topology: Topology,
  userId: string,
  inPart: string,
  work: (shard: Shard) => Promise<number>,
): Promise<number> {
  const shards = shardsThatMayHold(topology, GLOBAL, userId);
  const outcomes = await Promise.allSettled(shards.map(work));
  const failures = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => reason as unknown);
  if (failures.length === shards.length) throw toRedisProblem(failures[0], "write");
  if (failures.length > 0) throw toPartialProblem(failures[0], inPart);
  return outcomes.reduce((sum, outcome) => sum + (outcome.status === "fulfilled" ? outcome.value : 0), 0);
}

/** What a failed write means to the caller where another part of it is done. */
export function toPartialProblem(error: unknown, inPart: string): Problem {
  const problem = toRedisProblem(error, "write");
  if (problem.code !== "unavailable") return problem;
  return new Problem("outcome_unknown", inPart, { cause: error });
}
