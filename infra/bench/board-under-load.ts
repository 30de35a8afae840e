import { join } from "node:path";
import { RedisClient } from "bun";
import { createTokens } from "shared/auth/tokens";
import { createTopology } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";
import { freePort } from "stack/free-port";
import { type RedisServer, startRedis } from "stack/redis";
import { JWT_SECRET } from "testing/service-under-test";
import { startAppending } from "./growth-board.ts";
import { createNumberedPlayers, slicePlayers } from "./numbered-players.ts";
import type { Players } from "./players.ts";
import { ENTRY_KINDS, openFences, seedRedis } from "./seed-redis.ts";

/** Where all those play who are asked for, and those who write. */
export const REGION = "EU";
const OTHER_REGIONS = ["GLOBAL", "ASIA", "NA"];
export const TOPOLOGY = createTopology([...OTHER_REGIONS, REGION], 1, [MAIN_BOARD]);

/** A Redis as it is shipped, with a board on it. */
export interface BoardUnderLoad {
  readonly redis: RedisServer;
  /** Beside the connections of the services. */
  readonly admin: RedisClient;
  /** Of the Redis. */
  readonly run: string;
  /** Those of `REGION`; the first of them have tokens. */
  readonly players: Players;
  /** One a line, of the first players. */
  readonly tokensFile: string;
  readonly tokens: readonly string[];
  dispose(): Promise<void>;
}

// A view of everybody has to read the other regions, too; how large they are hardly counts.
const OTHERS_SHARE = 0.01;
const LIFETIME_SECONDS = 24 * 3600;

/** Without the file rewritten in the background: it would take a core in one round and not in another. */
export const startBenchRedis = async (dir: string, ...args: string[]) =>
  startRedis({ port: await freePort(), dir, args: ["--auto-aof-rewrite-percentage", "0", ...args] });

/** @param dir a folder that is removed later @param withTokens how many of the players have an account and a token */
export async function startBoardUnderLoad(
  dir: string,
  { entries, withTokens }: { entries: number; withTokens: number },
): Promise<BoardUnderLoad> {
  const redis = await startBenchRedis(join(dir, "redis"), "--appendonly", "no");
  const admin = new RedisClient(redis.url);
  const dispose = async () => {
    admin.close();
    await redis.kill();
  };
  try {
    const others = Math.max(1, Math.floor(entries * OTHERS_SHARE));
    const everybody = createNumberedPlayers(entries + others * OTHER_REGIONS.length, Date.now() * 1000);
    const players = slicePlayers(everybody, 0, entries);
    const writers = slicePlayers(everybody, 0, withTokens);
    const seed = { topology: TOPOLOGY, region: REGION };
    for (const kind of ENTRY_KINDS) {
      await seedRedis(admin, { ...seed, players, kind });
      for (const [index, region] of OTHER_REGIONS.entries()) {
        await seedRedis(admin, {
          ...seed,
          region,
          kind,
          players: slicePlayers(everybody, entries + index * others, others),
        });
      }
    }
    await seedRedis(admin, { ...seed, players: writers, kind: "account" });
    await seedRedis(admin, { ...seed, players, kind: "bare" });
    const run = await openFences(admin, TOPOLOGY);
    await startAppending(admin);
    const tokens = await issueTokens(writers);
    const tokensFile = join(dir, "tokens");
    await Bun.write(tokensFile, tokens.map((token) => `${token}\n`).join(""));
    return { redis, admin, run, players, tokensFile, tokens, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function issueTokens(players: Players): Promise<string[]> {
  const named = { issuer: "leaderboard", audience: "leaderboard" };
  const { issue } = createTokens({ secret: JWT_SECRET, ...named, lifetimeSeconds: LIFETIME_SECONDS });
  const tokens: string[] = [];
  for (let index = 0; index < players.count; index++) {
    const { userId, name, reachedAtUs } = players.at(index);
    // An account is known by when it was made, which is when its player arrived here.
    tokens.push(await issue({ userId, name, region: REGION, account: String(reachedAtUs) }));
  }
  return tokens;
}
