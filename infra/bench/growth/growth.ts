import { measureOnHost } from "../harness/host.ts";
import { type Run, runBench } from "../harness/run-bench.ts";
import { type Weight, weighKinds } from "../stage/weigh.ts";
import { type GrowthBoard, startGrowthBoard } from "./board.ts";
import { measureCalls } from "./costs.ts";
import { type GrowthOptions, growthFields, HELP, sizesOf } from "./options.ts";
import { formatGrowth, type Growth, judgeRank } from "./report.ts";
import { weighEntry, weighRows } from "./weights.ts";

/** `bun run bench growth`. @throws ConfigError for invalid options; what a server threw */
export const growth = (args: string[]) =>
  runBench({ help: HELP, fields: growthFields, measure: measureGrowth, format: formatGrowth }, args);

async function measureGrowth(options: GrowthOptions, run: Run): Promise<Growth> {
  const { dir, say } = run;
  const nowUs = Date.now() * 1000;
  const timed = await timeCalls(options, run, nowUs);
  const { weights } = timed;
  for (const entries of sizesOf(options)) {
    say(`weighing ${entries} players in Redis`);
    weights.push(...(await weighKinds(["account", "answer"], { dir, entries, nowUs })));
  }
  say("weighing all of them in PostgreSQL");
  weights.push(...(await weighRows(dir, sizesOf(options), nowUs)));
  const at = new Date(nowUs / 1000).toISOString();
  return { at, ...timed, calls: options.calls * options.rounds, verdicts: judgeRank(timed.costs) };
}

/** Times calls on boards of all sizes at once, and stops the boards, because the next step needs their memory. */
async function timeCalls(options: GrowthOptions, { dir, say }: Run, nowUs: number) {
  const { calls, rounds } = options;
  await using stack = new AsyncDisposableStack();
  const boards: GrowthBoard[] = [];
  const weights: Weight[] = [];
  for (const entries of sizesOf(options)) {
    weights.push(...(await weighKinds(["bare"], { dir, entries, nowUs })));
    for (const shards of options.shards) {
      say(`seeding ${entries} entries, shards: ${shards}`);
      const board = stack.use(await startGrowthBoard({ dir, entries, shards, nowUs }));
      boards.push(board);
      weights.push(...weighEntry(board));
    }
  }
  const onRound = (round: number) => say(round === 0 ? "warming up" : `timing, round ${round} of ${rounds}`);
  const { host, result: costs } = await measureOnHost(dir, () => measureCalls(boards, { calls, rounds, onRound }));
  return { host, costs, weights };
}
