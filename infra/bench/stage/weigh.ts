import { createTopology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { createPlayers } from "./players.ts";
import { type Kind, seedRedis } from "./seed-redis.ts";
import { startBenchRedis, WITHOUT_FILE } from "./stores.ts";
import { REGION } from "./topology.ts";

/** The bytes that one player takes in a store, on a board of some size. */
export interface Weight {
  what: string;
  entries: number;
  bytes: number;
}

export const WEIGHT_NAMES: Record<Kind, string> = {
  bare: "Redis: a bare sorted set",
  ranking: "Redis: ranking",
  record: "Redis: record",
  account: "Redis: account with a password",
  answer: "Redis: answer kept for an Idempotency-Key",
};

/** Where to seed, and how many players that arrived in the month before `nowUs`. */
export interface WeighOptions {
  dir: string;
  entries: number;
  nowUs: number;
}

/** Seeds one kind of key after another into a new Redis, and weighs each. */
export async function weighKinds(kinds: readonly Kind[], { dir, entries, nowUs }: WeighOptions): Promise<Weight[]> {
  await using redis = await startBenchRedis(dir, WITHOUT_FILE);
  const seed = { topology: createTopology([REGION], 1, [MAIN_BOARD]), region: REGION };
  const players = createPlayers(entries, nowUs);
  const weights: Weight[] = [];
  for (const kind of kinds) {
    const bytes = await seedRedis(redis.admin, { ...seed, players, kind });
    weights.push({ what: WEIGHT_NAMES[kind], entries, bytes: bytes / entries });
  }
  return weights;
}
