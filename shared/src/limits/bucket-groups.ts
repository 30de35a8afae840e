import { isReply } from "../redis/connection.ts";
import { defineScript, type Redis } from "../redis/redis.ts";
import type { Bucket } from "./policies.ts";
import source from "./token-bucket.lua" with { type: "text" };

/** A bucket, and how many tokens are wanted of it: one, or as many as there are up to that. */
export interface Wanted {
  bucket: Bucket;
  wanted: number;
}

/** Buckets that each give what is wanted of them, or none of them does. */
export type BucketGroup = readonly Wanted[];

/**
 * For each bucket of a group the whole tokens that it held, or minus the microseconds until it holds one: then the group
 * gave nothing.
 */
export type Held = readonly number[];

const script = defineScript({ name: "token-bucket", source, parse: (reply) => reply as number[] });

/**
 * Takes from the buckets of each group, all of one slot, in order and in one command.
 *
 * @returns what each group held; nothing for a group that could not be asked although others were
 */
export async function takeFromGroups(redis: Redis, groups: readonly BucketGroup[]): Promise<(Held | undefined)[]> {
  try {
    return perGroup(groups, await script(redis, keysOf(groups), argsOf(groups)));
  } catch (error) {
    if (groups.length === 1 || !isSplit(error)) throw error;
    const alone = async (group: BucketGroup) => {
      const held = await takeFromGroups(redis, [group]).catch((cause: unknown) => {
        if (isSplit(cause)) return [];
        throw cause;
      });
      return held[0];
    };
    return await Promise.all(groups.map(alone));
  }
}

/** The slot moves to another node, and some of the keys have: nothing was done, and most groups are in one place. */
const isSplit = (error: unknown) => isReply(error) && error.message.startsWith("TRYAGAIN");

function keysOf(groups: readonly BucketGroup[]): string[] {
  const keys: string[] = [];
  for (const group of groups) for (const { bucket } of group) keys.push(bucket.key);
  return keys;
}

function perGroup(groups: readonly BucketGroup[], held: readonly number[]): Held[] {
  let end = 0;
  return groups.map(({ length }) => {
    end += length;
    return held.slice(end - length, end);
  });
}

/** Says the same of groups that are alike once: most are, and each argument costs here and in Redis. */
function argsOf(groups: readonly BucketGroup[]): number[] {
  const runs: { like: BucketGroup; count: number }[] = [];
  for (const group of groups) {
    const run = runs.at(-1);
    if (run !== undefined && areAlike(run.like, group)) run.count++;
    else runs.push({ like: group, count: 1 });
  }
  return runs.flatMap(({ like, count }) => [count, like.length, ...like.flatMap(termsOf)]);
}

const termsOf = ({ bucket: { policy }, wanted }: Wanted) => [policy.perSecond, policy.burst, wanted];

const areAlike = (one: BucketGroup, other: BucketGroup) =>
  one.length === other.length &&
  one.every(({ bucket, wanted }, index) => {
    const its = other[index];
    return its?.bucket.policy === bucket.policy && its.wanted === wanted;
  });
