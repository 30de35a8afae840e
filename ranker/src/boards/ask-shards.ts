import type { MayBePartial } from "shared/api/boards";
import { Problem } from "shared/api/problems";
import type { Shard } from "shared/model/regions";

/** Regions that did not answer, and why. */
export type MissingRegions = ReadonlyMap<string, Problem>;
export const NONE_MISSING: MissingRegions = new Map();

export type ShardAnswers<T> = readonly { shard: Shard; answer: T }[];

/**
 * Asks shards at the same time. A region with a shard that is `unavailable` is missing whole: its
 * other shards alone would be neither its ranking nor nothing.
 */
export async function askShards<T>(
  shards: readonly Shard[],
  ask: (shard: Shard) => Promise<T>,
): Promise<{ found: ShardAnswers<T>; missing: MissingRegions }> {
  const missing = new Map<string, Problem>();
  const answers = await Promise.all(
    shards.map(async (shard) => {
      try {
        return [{ shard, answer: await ask(shard) }];
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        missing.set(shard.region, error);
        return [];
      }
    }),
  );
  return { found: answers.flat().filter(({ shard }) => !missing.has(shard.region)), missing };
}

/** The answer of a view's only shard. @throws Problem `region_unavailable` */
export async function askOnlyShard<T>({ region }: Shard, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isUnavailable(error)) refuseMissing(new Map([[region, error]]));
    throw error;
  }
}

const isUnavailable = (error: unknown): error is Problem => error instanceof Problem && error.code === "unavailable";

/** @throws Problem `region_unavailable` when a region is missing */
export function refuseMissing(missing: MissingRegions): void {
  const [cause] = missing.values();
  if (cause === undefined) return;
  const names = namesOf(missing);
  throw new Problem("region_unavailable", `The entries of ${names.join(", ")} cannot be read now; try again.`, {
    members: { missing_regions: names },
    cause,
  });
}

/** What an answer says of missing regions, to a caller that allows a partial one. */
export const toPartial = (missing: MissingRegions, allowsPartial: boolean): MayBePartial =>
  allowsPartial ? { missing_regions: namesOf(missing) } : {};

export const namesOf = (missing: MissingRegions) => [...missing.keys()].sort();
