import type { MayBePartial } from "shared/api/boards";
import { Problem, type ProblemCode } from "shared/api/problems";
import { entriesAway } from "../shard-entry.ts";
import type { ShardGroup } from "./shard-groups.ts";

/** Regions that did not answer, and why. */
export type MissingRegions = ReadonlyMap<string, Problem>;
export const NONE_MISSING: MissingRegions = new Map();

/** What a group answers of those of its regions that can be read. */
export interface OfRegions {
  /** Regions of the group that are left out, because entries of theirs cannot be read now. */
  away: readonly string[];
}

export type GroupAnswers<T> = readonly { group: ShardGroup; answer: T }[];

export interface Asked<T> {
  found: GroupAnswers<T>;
  missing: MissingRegions;
}

/**
 * Asks groups at the same time. A region with a shard that is `unavailable` is missing whole: its
 * other shards alone would be neither its ranking nor nothing.
 */
export async function askGroups<T extends OfRegions>(
  groups: readonly ShardGroup[],
  ask: (group: ShardGroup) => Promise<T>,
): Promise<Asked<T>> {
  const missing = new Map<string, Problem>();
  const answers = await Promise.all(
    groups.map(async (group) => {
      try {
        const answer = await ask(group);
        for (const region of answer.away) missing.set(region, entriesAway(region));
        return [{ group, answer }];
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        for (const region of group.regions) missing.set(region, error);
        return [];
      }
    }),
  );
  return { found: answers.flat().filter(({ group }) => !isMissing(group, missing)), missing };
}

/** Whether a group has nothing to say. The regions of one that has several are there whole. */
export const isMissing = ({ regions }: ShardGroup, missing: MissingRegions): boolean =>
  missing.size > 0 && regions.every((region) => missing.has(region));

/** The answer of a view's only group. @throws Problem `region_unavailable` */
export async function askOnlyGroup<T>({ regions }: ShardGroup, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isUnavailable(error)) refuseMissing(new Map(regions.map((region) => [region, error])));
    throw error;
  }
}

const isUnavailable = (error: unknown): error is Problem => error instanceof Problem && error.code === "unavailable";

/** Refuses an answer where a region is missing, by the name of what cannot be read of it. */
export const toRefusal = (code: ProblemCode, what: string) => (missing: MissingRegions) => {
  const [cause] = missing.values();
  if (cause === undefined) return;
  const names = namesOf(missing);
  throw new Problem(code, `The ${what} of ${names.join(", ")} cannot be read now; try again.`, {
    members: { missing_regions: names },
    cause,
  });
};

/** @throws Problem `region_unavailable` when a region is missing */
export const refuseMissing = toRefusal("region_unavailable", "entries");

/** What an answer says of missing regions, to a caller that allows a partial one. */
export const toPartial = (missing: MissingRegions, allowsPartial: boolean): MayBePartial =>
  allowsPartial ? { missing_regions: namesOf(missing) } : {};

export const namesOf = (missing: MissingRegions) => [...missing.keys()].sort();
