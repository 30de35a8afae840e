import { toIsoTime } from "shared/base/times";
import type { Shard } from "shared/model/regions";
import { boardsKey, clockKey, queueKey, settingsKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { toPlanValue } from "shared/seasons/plan";

export const HOUR_US = 3_600e6;

const REVISION = 1;
const SCHEDULE = { schedule: "0 * * * *", zone: "UTC" };

export interface SeasonBoard {
  id?: string;
  /** The instants of the plan, microseconds. */
  at: readonly number[];
  /** The season that begins at the first instant. */
  first?: number;
  /** Further fields of the definition. */
  fields?: Record<string, unknown>;
}

/** Keeps a board with seasons, and what a planner wrote for it. No shard knows it yet. */
export async function defineSeasons(redis: Redis, board: SeasonBoard): Promise<void> {
  const { id = "cup", at, first = 1, fields = {} } = board;
  const season = { ...SCHEDULE, starts_at: null, keep: null };
  const value = { ...fields, season, created_at: toIsoTime(REVISION), state: "open" };
  await redis.hset(settingsKey("boards"), id, `${REVISION} ${JSON.stringify(value)}`);
  const plan = toPlanValue({ rev: REVISION, first, ...SCHEDULE, at });
  await redis.hset(settingsKey("seasons"), id, `${REVISION} ${JSON.stringify(plan)}`);
}

/** Whole microseconds, some hours from now. */
export const hoursFromNow = (hours: number): number => Date.now() * 1000 + hours * HOUR_US;

/** Lets the next version of a shard be this one at least. */
export const setNextVersion = (redis: Redis, shard: Shard, version: number) =>
  redis.set(clockKey(shard), String(version - 1));

/** The events of a shard, the oldest first. */
export async function readEvents(redis: Redis, shard: Shard): Promise<Record<string, unknown>[]> {
  const events = await redis.lrange(queueKey(shard), 0, -1);
  return events.toReversed().map((event) => JSON.parse(event) as Record<string, unknown>);
}

/** The season that runs on a shard. */
export async function readSeason(redis: Redis, shard: Shard, id = "cup"): Promise<number | undefined> {
  const text = await redis.hget(boardsKey(shard), id);
  return text === null ? undefined : Number(text.split(" ")[2]);
}
