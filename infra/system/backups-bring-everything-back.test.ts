import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { dirForFile, forFile } from "testing/for-file";
import { clientOf, codeOf } from "testing/services/client";
import { runLb } from "testing/services/run-lb";
import { connectToStack, makePlace, type RunningStack, startStack } from "testing/services/stack-under-test";
import { until } from "testing/until";
import { backUpPostgres } from "./test/postgres-backup.ts";

const RATES = { RATE_USER_PER_SECOND: "1000", RATE_USER_BURST: "1000", RATE_REGISTER_BURST: "1000" };
const PASSWORD = "correct horse battery staple";

const place = await forFile(makePlace());
const dir = await dirForFile();
const client = clientOf(place);

/** Registers players, each with a score. @returns their tokens */
async function play(prefix: string, count: number, score: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let n = 0; n < count; n++) {
    const user_id = `${prefix}-${n}`;
    const token = await client.register({ user_id, name: user_id, region: n % 2 ? "EU" : "NA", password: PASSWORD });
    await client.as(token).setScore({ score: score + n });
    tokens.push(token);
  }
  return tokens;
}

const board = async (region: string) =>
  (await client.top({ region, limit: 100 })).entries.map(({ user_id, score, rank }) => [rank, user_id, score]);
const boards = () => Promise.all(["GLOBAL", "EU", "NA"].map(board));
/** The lengths of all queues of events that wait for PostgreSQL. */
const waiting = async () => {
  const redis = await connectToStack(place);
  const queues = ["queue:scores:{EU}", "queue:scores:{NA}", "queue:accounts:{accounts}"];
  const lengths = await Promise.all(queues.map((queue) => redis.llen(queue)));
  redis.disconnect();
  return Math.max(...lengths);
};
const drained = () => until(waiting, (length) => length === 0);
/** @returns the exit code: 2 where the stores differ, and the difference was not repaired */
const reconcile = async (...more: string[]) => (await runLb(["reconcile", ...more], await place.readStores())).code;

test("a backup of PostgreSQL alone brings back boards, accounts and tokens; what Redis still has comes back by reconcile", async () => {
  let stack: RunningStack = await startStack(place, [], RATES);
  const [token = ""] = await play("early", 12, 100);
  await drained();
  const atBackup = await boards();
  const stores = await place.readStores();
  const backup = await backUpPostgres(stores.POSTGRES_URL ?? "", join(dir, "backup"));
  await play("late", 6, 1_000);
  await drained();
  const afterwards = await boards();

  // PostgreSQL's disk is lost, and Redis is not.
  await stack.stop();
  backup.putBack();
  stack = await startStack(place, [], RATES);
  expect(await boards()).toEqual(afterwards);
  expect([await reconcile(), await reconcile("--fix"), await reconcile()]).toEqual([2, 0, 0]);
  expect(await codeOf(client.login({ user_id: "late-3", password: PASSWORD }))).toBeUndefined();

  // Both are lost.
  await stack.stop();
  backup.putBack();
  await rm(join(place.dataDir, "redis"), { recursive: true });
  stack = await startStack(place, [], RATES);
  await until(
    () => boards().catch(() => []),
    (now) => now.flat().length === atBackup.flat().length,
  );
  expect(await boards()).toEqual(atBackup);
  expect(await reconcile()).toBe(0);
  expect(await codeOf(client.login({ user_id: "early-3", password: PASSWORD }))).toBeUndefined();
  expect(await codeOf(client.login({ user_id: "late-3", password: PASSWORD }))).toBe("bad_credentials");
  expect(await client.as(token).setScore({ score: 5_000 })).toMatchObject({ rank: 1, previous: { score: 100 } });
  await stack.stop();
}, 120_000);
