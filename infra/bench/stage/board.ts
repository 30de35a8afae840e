import { join } from "node:path";
import { createTokens } from "shared/auth/tokens";
import { openFencesAt } from "testing/open-fences";
import { JWT_SECRET } from "testing/services/service-under-test";
import { type MadeBoard, toDefinitionCommands } from "../boards/made-boards.ts";
import { createPlayers, type Players, slice, toNumberedId } from "./players.ts";
import { ENTRY_KINDS, seedRedis, sendBatches } from "./seed-redis.ts";
import { type BenchRedis, startAppending, startBenchRedis, WITHOUT_FILE } from "./stores.ts";
import { OTHER_REGIONS, REGION, TOPOLOGY } from "./topology.ts";

/** A Redis with a board on it. */
export interface Board {
  readonly redis: BenchRedis;
  /** Those of `REGION`, with numbered ids; the first of them have tokens. */
  readonly players: Players;
  readonly tokens: readonly string[];
  /** The tokens, one a line. */
  readonly tokensFile: string;
}

// A read of GLOBAL visits the other regions, too; their size hardly matters.
const OTHERS_SHARE = 0.01;
const LIFETIME_SECONDS = 24 * 3600;
const NAMED = { issuer: "leaderboard", audience: "leaderboard" };
const TOKENS = { secret: JWT_SECRET, ...NAMED, lifetimeSeconds: LIFETIME_SECONDS };

/**
 * Starts a Redis, which `stack` stops.
 *
 * @param entries in `REGION` @param withTokens how many of the players have an account and a token
 * @param made boards beside `main`, with the entries of `REGION`
 */
export async function startBoard(
  stack: AsyncDisposableStack,
  { dir, entries, withTokens, made }: { dir: string; entries: number; withTokens: number; made: readonly MadeBoard[] },
): Promise<Board> {
  const redis = stack.use(await startBenchRedis(dir, WITHOUT_FILE));
  const others = Math.max(1, Math.floor(entries * OTHERS_SHARE));
  const all = createPlayers(entries + others * OTHER_REGIONS.length, Date.now() * 1000, toNumberedId);
  const [players, writers] = [slice(all, 0, entries), slice(all, 0, withTokens)];
  const home = { topology: TOPOLOGY, region: REGION, players };
  for (const kind of ENTRY_KINDS) {
    await seedRedis(redis.admin, kind, home);
    for (const [index, region] of OTHER_REGIONS.entries()) {
      const residents = slice(all, entries + index * others, others);
      await seedRedis(redis.admin, kind, { topology: TOPOLOGY, region, players: residents });
    }
  }
  for (const board of made) {
    await sendBatches(redis.admin, [toDefinitionCommands(board)]);
    for (const kind of ENTRY_KINDS) await seedRedis(redis.admin, kind, { ...home, board: board.id });
  }
  await seedRedis(redis.admin, "account", { ...home, players: writers });
  await seedRedis(redis.admin, "bare", home);
  await openFencesAt(redis.url, TOPOLOGY);
  await startAppending(redis.admin);
  const tokens = await issueTokens(writers);
  const tokensFile = join(dir, "tokens");
  await Bun.write(tokensFile, tokens.map((token) => `${token}\n`).join(""));
  return { redis, players, tokens, tokensFile };
}

/** A token of a game server. */
export const issueOperator = (): Promise<string> =>
  createTokens(TOKENS).issueOperator({ name: "game" }, LIFETIME_SECONDS);

/** A token for each of these players of `REGION`. */
export async function issueTokens(players: Players): Promise<string[]> {
  const { issue } = createTokens(TOKENS);
  const tokens: string[] = [];
  for (let index = 0; index < players.count; index++) {
    const { userId, name, reachedAtUs } = players.at(index);
    // The ranker compares the creation time of the account, which is the arrival here.
    tokens.push(await issue({ userId, name, region: REGION, account: String(reachedAtUs) }));
  }
  return tokens;
}
