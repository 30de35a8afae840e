import { isReply } from "../redis/connection.ts";
import type { Redis } from "../redis/redis.ts";
import { defineScript } from "../redis/scripts/define-script.ts";
import type { Bucket } from "./policies.ts";
import source from "./token-bucket.lua" with { type: "text" };

/** Buckets of one request: each gives its permits, or none of them does. */
export interface PermitRequest {
  buckets: readonly Bucket[];
  /** Wanted of each bucket, 1 or more; a bucket that holds fewer gives all its whole permits. */
  permits: number;
}

/**
 * For each bucket of a request the whole permits that it held, or minus the microseconds until it
 * holds one. The request took its permits unless one of these is negative.
 */
export type HeldPermits = readonly number[];

const script = defineScript({ name: "token-bucket", source, parse: (reply) => reply as number[] });

/**
 * Takes permits for each request, in order, in one call of `token-bucket.lua`. All buckets share a
 * slot.
 *
 * @returns what each request found; `undefined` for a request that failed although others did not
 */
export async function takePermits(
  redis: Redis,
  requests: readonly PermitRequest[],
): Promise<(HeldPermits | undefined)[]> {
  try {
    return splitReply(requests, await script(redis, keysOf(requests), argsOf(requests)));
  } catch (error) {
    if (requests.length === 1 || !isSlotMoving(error)) throw error;
    return await Promise.all(requests.map((request) => takeAlone(redis, request)));
  }
}

async function takeAlone(redis: Redis, request: PermitRequest): Promise<HeldPermits | undefined> {
  try {
    return (await takePermits(redis, [request]))[0];
  } catch (error) {
    if (isSlotMoving(error)) return undefined;
    throw error;
  }
}

/** The slot is moving: its keys are on two nodes, but those of one request usually on one. */
const isSlotMoving = (error: unknown) => isReply(error) && error.message.startsWith("TRYAGAIN");

function keysOf(requests: readonly PermitRequest[]): string[] {
  const keys: string[] = [];
  for (const { buckets } of requests) for (const { key } of buckets) keys.push(key);
  return keys;
}

function splitReply(requests: readonly PermitRequest[], held: readonly number[]): HeldPermits[] {
  let end = 0;
  return requests.map(({ buckets: { length } }) => {
    end += length;
    return held.slice(end - length, end);
  });
}

/** Sends the same limits of successive requests once: each argument costs both sides time. */
function argsOf(requests: readonly PermitRequest[]): number[] {
  const runs: { sample: PermitRequest; count: number }[] = [];
  for (const request of requests) {
    const run = runs.at(-1);
    if (run !== undefined && haveSameLimits(run.sample, request)) run.count++;
    else runs.push({ sample: request, count: 1 });
  }
  return runs.flatMap(({ sample: { buckets, permits }, count }) => [
    count,
    permits,
    buckets.length,
    ...limitsOf(buckets),
  ]);
}

const limitsOf = (buckets: readonly Bucket[]) => buckets.flatMap(({ policy }) => [policy.perSecond, policy.burst]);

const haveSameLimits = (one: PermitRequest, other: PermitRequest) =>
  one.permits === other.permits &&
  one.buckets.length === other.buckets.length &&
  one.buckets.every(({ policy }, index) => other.buckets[index]?.policy === policy);
