import type { TopView } from "shared/api/boards";
import { toArrival } from "shared/base/times";
import { formatRecord } from "shared/entries/records";
import type { Shard } from "shared/model/regions";
import { boardKey, entriesKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import type { Boards, PageOptions } from "../src/boards/boards.ts";

const decoder = new TextDecoder();

export interface PageRequest extends PageOptions {
  view?: string;
  board?: string;
  limit: number;
}

/** A page as it is answered. */
export async function readPage(boards: Boards, { view = "GLOBAL", board = "main", limit, ...options }: PageRequest) {
  const { bytes } = await boards.topBody(view, board, limit, options);
  return JSON.parse(decoder.decode(bytes)) as TopView;
}

const PAGES_MAX = 10_000;

/** The pages of a walk, to the last one or, with `prev`, to the first. */
export async function* walk(boards: Boards, request: PageRequest, along: "next" | "prev" = "next") {
  let page = await readPage(boards, request);
  for (let pages = 1; pages < PAGES_MAX; pages++) {
    yield page;
    const cursor = page[along];
    if (cursor === null) return;
    const { from: _, ...rest } = request;
    page = await readPage(boards, { ...rest, cursor });
  }
  throw new Error("the walk does not end");
}

export interface SeededEntry {
  userId: string;
  score: number;
  /** Microseconds. */
  reachedAt: number;
}

/** Writes entries of board `main` into a shard, without an event. */
export async function seedShard(redis: Redis, shard: Shard, entries: readonly SeededEntry[]): Promise<void> {
  for (let first = 0; first < entries.length; first += 1_000) {
    const part = entries.slice(first, first + 1_000);
    await redis.zadd(
      boardKey(shard, "main"),
      ...part.flatMap(({ userId, score, reachedAt }) => [score, toArrival(reachedAt) + userId]),
    );
    const records = part.flatMap(({ userId, score, reachedAt }) => [
      userId,
      formatRecord({
        place: toArrival(reachedAt),
        updatedAt: String(reachedAt),
        rankedScore: String(score),
        score: String(score),
        sub: null,
        name: `Name of ${userId}`,
      }),
    ]);
    await redis.hset(entriesKey(shard, "main"), ...records);
  }
}
