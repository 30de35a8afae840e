import { startBoardUnderLoad } from "./board-under-load.ts";
import { measureRoutes, type RouteLoads } from "./http-loads.ts";
import { prepareRoutes } from "./http-routes.ts";
import { waysOf } from "./http-rows.ts";
import { startPlainNginx } from "./plain-nginx.ts";
import type { RatiosOptions } from "./ratios-options.ts";
import { startBenchService } from "./services.ts";

/** Starts a board, a ranker, and what stands before it, and puts all loads on them that the rows want. */
export async function measureHttp({
  dir,
  options,
  say,
}: {
  dir: string;
  options: RatiosOptions;
  say: (text: string) => void;
}): Promise<RouteLoads[]> {
  const { rows, rounds, seconds, connections, entries, players } = options;
  const ways = waysOf(rows);
  if (ways.size === 0) return [];
  await using stack = new AsyncDisposableStack();
  say(`seeding ${entries} entries`);
  const board = await startBoardUnderLoad(dir, { entries, withTokens: players });
  stack.defer(board.dispose);
  const env = { REDIS_URL: board.redis.url };
  const ranker = await startBenchService("ranker", dir, env);
  stack.defer(ranker.kill);
  const isWanted = (through: string) => [...ways.values()].flat().some((each) => each === through);
  const gateway = isWanted("gateway")
    ? await startBenchService("gateway", dir, { ...env, LEADERBOARD_SERVICE_URLS: ranker.url })
    : undefined;
  stack.defer(async () => gateway?.kill());
  const nginx = isWanted("nginx") ? await startPlainNginx(dir, ranker.port) : undefined;
  stack.defer(async () => nginx?.stop());
  const routes = (await prepareRoutes(board)).flatMap((route) => {
    const wanted = ways.get(route.name);
    return wanted === undefined ? [] : [{ ...route, ways: wanted }];
  });
  const load = { connections, seconds, rounds, writesPerSecond: options.writes };
  return await measureRoutes({ dir, board, ranker, gateway, nginx }, routes, load, (round) =>
    say(round === 0 ? "warming up" : `round ${round} of ${rounds}`),
  );
}
