import { beforeEach, describe, expect, test } from "bun:test";
import { createTopology, shardsOf } from "shared/model/regions";
import { boardKey, entriesKey, splitKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { runLb, startLb } from "testing/services/run-lb";
import { until } from "testing/until";
import { startUnderTest } from "../../drainer/test/drainer-under-test.ts";

const under = await forFile(startUnderTest());
const PLAYERS = 20_000;
const [whole] = shardsOf("EU", 1);
const quarters = shardsOf("EU", 4);

beforeEach(async () => {
  await under.clear();
  await under.database.run(
    (sql) => sql`
      INSERT INTO leaderboard (board, user_id, name, region, score, reached_at, updated_at)
      SELECT 'main', 'player-' || n, 'Player ' || n, 'EU', n, now(), now() FROM generate_series(1, ${PLAYERS}::int) n`,
  );
});

const environment = (partitions: string) => ({
  REDIS_URL: under.redisUrl,
  POSTGRES_URL: under.postgresUrl,
  REGIONS: "EU",
  BOARDS: "main",
  PARTITIONS: partitions,
});

/** The number of ranked entries on these shards. */
async function ranked(shards: readonly (typeof whole)[]): Promise<number> {
  const counts = shards.map((shard) => (shard === undefined ? 0 : under.redis.zcard(boardKey(shard, "main"))));
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/**
 * Sends the signal when the first entries are there. Redis holds the writes of the command back
 * meanwhile, so that the command is in the middle of a batch.
 */
async function interrupt(args: string[], signal: NodeJS.Signals, hasBegun: () => Promise<boolean>) {
  const command = startLb(args, environment("1"));
  await until(hasBegun);
  await under.redis.client("PAUSE", 60_000, "WRITE");
  command.kill(signal);
  if (signal === "SIGKILL") await command.ended;
  await under.redis.client("UNPAUSE");
  return command.ended;
}

interface Case {
  args: string[];
  prepare: () => Promise<unknown>;
  hasBegun: () => Promise<boolean>;
  advice: string;
  /** What holds when the same command has been run again. */
  check: () => Promise<void>;
}

const isWhole = async () => {
  expect(await ranked([whole])).toBe(PLAYERS);
  const { code, out } = await runLb(["reconcile"], environment("1"));
  expect([code, out]).toEqual([0, expect.stringContaining("0 differences")]);
};
const hasEntries = (shard: typeof whole) => async () =>
  shard !== undefined && (await under.redis.hlen(entriesKey(shard, "main"))) > 0;

const cases: Record<string, Case> = {
  restore: {
    args: ["restore"],
    prepare: async () => {},
    hasBegun: hasEntries(whole),
    advice: "run ./lb restore again",
    check: isWhole,
  },
  "reconcile --fix": {
    args: ["reconcile", "--fix"],
    prepare: () => openFences(under.redis, createTopology(["EU"], 1, ["main"])),
    hasBegun: hasEntries(whole),
    advice: "run the same command again",
    check: isWhole,
  },
  repartition: {
    args: ["repartition", "--to", "4"],
    prepare: () => runLb(["restore"], environment("1")),
    hasBegun: hasEntries(quarters[2]),
    advice: "run ./lb repartition --to 4 again; until then EU takes no writes\n",
    async check() {
      expect(await under.redis.get(splitKey("EU"))).toBe("4");
      expect([await ranked([whole]), await ranked(quarters)]).toEqual([0, PLAYERS]);
      const { code, out } = await runLb(["reconcile"], environment("4"));
      expect([code, out]).toEqual([0, expect.stringContaining("0 differences")]);
    },
  },
};

describe.each(Object.entries(cases))("%s", (_, { args, prepare, hasBegun, advice, check }) => {
  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ] as const)(
    "ends between two batches at %s with %i, says what to run, and the next run heals",
    async (name, code) => {
      await prepare();
      const ended = await interrupt(args, name, hasBegun);
      expect(ended.code).toBe(code);
      expect(ended.err).toContain(`stopped by ${name}: `);
      expect(ended.err).toContain(advice);
      // On a slow machine a line a second says how far the command is.
      const lines = ended.err.trimEnd().split("\n");
      expect(lines.filter((line) => !/ \[#* *\] +\d+ % /.test(line))).toHaveLength(1);
      expect((await runLb(args, environment("1"))).code).toBe(0);
      await check();
    },
  );

  test("that was killed is healed by the next run", async () => {
    await prepare();
    expect((await interrupt(args, "SIGKILL", hasBegun)).code).toBe(137);
    expect((await runLb(args, environment("1"))).code).toBe(0);
    await check();
  });
});
