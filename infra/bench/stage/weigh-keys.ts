import { createTopology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { createPlayers } from "./players.ts";
import { type Kind, seedRedis } from "./seed-redis.ts";
import { startBenchRedis, WITHOUT_FILE } from "./stores.ts";
import { REGION } from "./topology.ts";

/** Where to seed, and how many players that arrived in the month before `nowUs`. */
export interface WeighOptions {
  dir: string;
  entries: number;
  nowUs: number;
}

/** Seeds one kind of key after another into a new Redis. @returns the bytes a player that each kind takes */
export async function weighKeys(kinds: readonly Kind[], { dir, entries, nowUs }: WeighOptions): Promise<number[]> {
  await using redis = await startBenchRedis(dir, WITHOUT_FILE);
  const topology = createTopology([REGION], 1, [MAIN_BOARD]);
  const players = createPlayers(entries, nowUs);
  const bytes: number[] = [];
  for (const kind of kinds) {
    bytes.push((await seedRedis(redis.admin, { topology, region: REGION, players, kind })) / entries);
  }
  return bytes;
}
