import { startBoardUnderLoad } from "./board-under-load.ts";
import { measureRoutes } from "./http-loads.ts";
import { prepareRoutes } from "./http-routes.ts";
import { toHttpRows, waysOf } from "./http-rows.ts";
import { type LoadFigures, toLoadFigures } from "./load-figures.ts";
import type { MemoryWatch } from "./memory-watch.ts";
import { startPlainNginx } from "./plain-nginx.ts";
import type { RatiosOptions } from "./ratios-options.ts";
import type { Row } from "./rows.ts";
import { startBenchService } from "./services.ts";
import { median } from "./statistics.ts";
import { measureVisibility } from "./visible.ts";

export interface OnBoardOptions {
  dir: string;
  options: RatiosOptions;
  memory: MemoryWatch;
  say: (text: string) => void;
  /** Called with what was wrong before something is measured anew. */
  onRepeat: (text: string) => void;
}

/** Everything that needs a large board and a ranker: loads on it and on what stands before it, and what follows a write. */
export async function measureOnBoard(task: OnBoardOptions): Promise<{ rows: Row[]; loads: LoadFigures[] }> {
  const { dir, options, memory, say, onRepeat } = task;
  const { entries, players, connections, seconds, rounds, writes } = options;
  const ways = waysOf(options.rows);
  if (ways.size === 0) return { rows: [], loads: [] };

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

  const site = { dir, board, ranker, gateway, nginx };
  const settings = { connections, seconds, rounds, writesPerSecond: writes };
  const routes = await prepareRoutes(board);
  const services = { ranker: ranker.pid, ...(gateway === undefined ? {} : { gateway: gateway.pid }) };
  const wanted = routes.flatMap((route) => {
    const ofRoute = ways.get(route.name);
    return ofRoute === undefined ? [] : [{ ...route, ways: ofRoute }];
  });
  const onRound = (round: number) => {
    if (round <= 1) memory.look(round === 0 ? "start" : "warm", services);
    say(round === 0 ? "warming up" : `asking, round ${round} of ${rounds}`);
  };
  const measured = await measureRoutes(site, wanted, settings, { onRound, onRepeat });
  memory.look("end", services);
  const rows = toHttpRows(options.rows, measured);
  const loads = measured.map((each) => toLoadFigures(`${each.route}, ${each.through}`, each.loads));
  const submit = routes.find(({ name }) => name === "submit");
  const atRanker = measured.find(({ route, through }) => route === "submit" && through === "ranker");
  if (!options.rows.includes("visible") || submit === undefined || atRanker === undefined) return { rows, loads };
  const perSecond = median(atRanker.loads.map(({ ratePerSecond }) => ratePerSecond)) / 2;
  const visible = await measureVisibility(site, { submit: submit.asked, perSecond, settings }, { say, onRepeat });
  return { rows: [...rows, ...visible.rows], loads: [...loads, ...visible.loads] };
}
