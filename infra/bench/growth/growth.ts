import { defineCommand, value } from "shared/command/define-command";
import type { z } from "zod";
import { measureOnHost } from "../harness/host.ts";
import { whole, wholes } from "../harness/options.ts";
import { json, type Run, runBench } from "../harness/run-bench.ts";
import { plotGrowth } from "../plots/plot-growth.ts";
import { svg } from "../plots/write-plots.ts";
import { createPlayers, type Players } from "../stage/players.ts";
import type { Kind } from "../stage/seed-redis.ts";
import { weighKind, weighRows } from "../stage/weigh.ts";
import { type GrowthBoard, startGrowthBoard } from "./board.ts";
import { measureCalls } from "./costs.ts";
import { formatGrowth, type Growth, inShards, judgeRank, type Weight } from "./report.ts";

const SIZE_MIN = 10;
const EXPONENT_MIN = 4;
const EXPONENT_MAX = 8;

const options = {
  entries: value("A,B", "sizes of the boards, as 10000 or 1e4", wholes(SIZE_MIN, 10 ** EXPONENT_MAX).optional()),
  max: value("N", "sizes from 1e4 to 1eN (default: 6)", whole(EXPONENT_MIN, EXPONENT_MAX).optional()),
  shards: value("A,B", "numbers of shards (PARTITIONS)", wholes(1, 1024).prefault("1,16")),
  calls: value("N", "of each operation, board and round", whole(1, 100_000).prefault("300")),
  rounds: value("N", "in each of which all boards take turns", whole(1, 1_000).prefault("12")),
  json,
  svg,
};

type GrowthOptions = z.output<z.ZodObject<typeof options>>;

/** `npm run bench growth`: what a call and a player cost as the board grows. */
export const growth = defineCommand({
  name: "growth",
  about: `Measures what a call and a player cost as the board grows: the time of submit, rank, top 100 and the 10 beside a player,
the CPU time of Redis for it, and the bytes that a player takes in Redis and PostgreSQL. Starts a Redis for each board and
a PostgreSQL.`,
  usage: "npm run bench growth -- [options]",
  options,
  notes: "For each number of shards, 10^6 entries take 0.5 GB of memory and half a minute, 10^7 ten times that.",
  check: ({ entries, max }) => (entries && max ? ["--entries and --max: say one"] : []),
  run: (input) => runBench(input.options, measureGrowth, formatGrowth, plotGrowth),
});

/** The sizes of the boards, ascending. */
export const sizesOf = ({ entries, max = 6 }: Pick<GrowthOptions, "entries" | "max">): readonly number[] =>
  entries ?? Array.from({ length: max - EXPONENT_MIN + 1 }, (_, index) => 10 ** (EXPONENT_MIN + index));

/** The kinds of keys that are weighed, as the report names them. */
const KINDS: readonly [Kind, string][] = [
  ["bare", "a bare sorted set"],
  ["ranking", "ranking"],
  ["record", "record"],
  ["account", "account with a password"],
  ["answer", "answer kept for an Idempotency-Key"],
];

async function measureGrowth(options: GrowthOptions, run: Run): Promise<Growth> {
  const { dir, say } = run;
  const nowUs = Date.now() * 1000;
  const boards = sizesOf(options).map((entries) => createPlayers(entries, nowUs));
  const weights: Weight[] = [];
  for (const players of boards) {
    const entries = players.count;
    say(`weighing ${entries} players`);
    for (const [kind, name] of KINDS) {
      weights.push({ what: `Redis: ${name}`, entries, bytes: await weighKind(dir, players, kind) });
    }
    const [row, account] = await weighRows(dir, players);
    weights.push({ what: "PostgreSQL: row of the entry", entries, bytes: row });
    weights.push({ what: "PostgreSQL: row of the account", entries, bytes: account });
  }
  const timed = await timeCalls(boards, options, run);
  weights.push(...timed.weights);
  const { host, costs } = timed;
  const at = new Date(nowUs / 1000).toISOString();
  return { at, host, calls: options.calls * options.rounds, costs, weights, verdicts: judgeRank(costs) };
}

/** Times calls on boards of all sizes at once, and weighs the entries on them. */
async function timeCalls(sizes: readonly Players[], { calls, rounds, shards }: GrowthOptions, { dir, say }: Run) {
  await using stack = new AsyncDisposableStack();
  const boards: GrowthBoard[] = [];
  for (const players of sizes) {
    for (const count of shards) {
      say(`seeding ${players.count} entries, shards: ${count}`);
      boards.push(await startGrowthBoard(stack, { dir, players, shards: count }));
    }
  }
  const weights = boards.map(({ players: { count }, shards, bytes }) => ({
    what: `Redis: an entry, ${inShards(shards)}`,
    entries: count,
    bytes: bytes / count,
  }));
  const { host, result: costs } = await measureOnHost(dir, () => measureCalls(boards, { calls, rounds, say }));
  return { host, costs, weights };
}
