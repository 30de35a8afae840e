import { cpus, loadavg } from "node:os";
import { readInfo } from "testing/server-cost";
import { type GrowthBoard, startGrowthBoard } from "./growth-board.ts";
import { type Weight, weighEntry, weighKeys, weighRows } from "./growth-bytes.ts";
import { measureCalls } from "./growth-costs.ts";
import { type GrowthOptions, HELP, readGrowthOptions } from "./growth-options.ts";
import { formatGrowth, type Growth, judgeRank } from "./growth-report.ts";

/** `bun run bench growth`. @throws ConfigError for options that are not valid; what a server threw */
export async function growth(args: string[]): Promise<void> {
  const options = readGrowthOptions(args);
  if (options === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const startedAt = performance.now();
  const measured = await measureGrowth(options, (text) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    process.stderr.write(`${seconds.padStart(4)} s  ${text}\n`);
  });
  process.stdout.write(`${options.asJson ? JSON.stringify(measured) : formatGrowth(measured)}\n`);
}

/** @param say takes what goes on, a line at a time */
async function measureGrowth(options: GrowthOptions, say: (text: string) => void): Promise<Growth> {
  const nowUs = Date.now() * 1000;
  const weights: Weight[] = [];
  const timed = await timeCalls();
  for (const entries of options.entries) {
    say(`weighing ${entries} players in Redis`);
    weights.push(...(await weighKeys(["account", "answer"], entries, nowUs)));
  }
  say("weighing all of them in PostgreSQL");
  weights.push(...(await weighRows(options.entries, nowUs)));
  return { at: new Date(nowUs / 1000).toISOString(), ...timed, weights, verdicts: judgeRank(timed.costs) };

  /** The boards are gone when it is done: their memory is needed. */
  async function timeCalls(): Promise<Pick<Growth, "host" | "calls" | "costs">> {
    const { calls, rounds } = options;
    const boards: GrowthBoard[] = [];
    try {
      for (const entries of options.entries) {
        weights.push(...(await weighKeys(["bare"], entries, nowUs)));
        for (const shards of options.shards) {
          say(`seeding ${entries} entries, shards: ${shards}`);
          const board = await startGrowthBoard(entries, shards, nowUs);
          boards.push(board);
          weights.push(...weighEntry(board));
        }
      }
      const [board] = boards;
      const redis = board === undefined ? "" : ((await readInfo(board.admin, "server")).get("redis_version") ?? "");
      const loadBefore = loadavg()[0] ?? 0;
      const onRound = (round: number) => say(round === 0 ? "warming up" : `timing, round ${round} of ${rounds}`);
      const costs = await measureCalls(boards, { calls, rounds, onRound });
      const host = { cores: cpus().length, cpu: cpus()[0]?.model ?? "", redis };
      return { host: { ...host, loadBefore, loadAfter: loadavg()[0] ?? 0 }, calls: calls * rounds, costs };
    } finally {
      for (const board of boards) await board.dispose();
    }
  }
}
