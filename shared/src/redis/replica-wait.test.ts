import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { scratchRedis, scratchReplica } from "testing/scratch";
import { createLog } from "../log/log.ts";
import { type Connection, connectServer } from "./connection.ts";
import { awaitReady } from "./redis.ts";
import { createReplicaWait } from "./replica-wait.ts";
import { defineScript } from "./scripts/define-script.ts";

const TIMEOUT_MS = 150;

let primary: Awaited<ReturnType<typeof scratchRedis>>;
let replica: Awaited<ReturnType<typeof scratchRedis>>;
let redis: Connection;
let observer: Connection;
const connect = async (): Promise<Connection> => {
  const connection = connectServer({ url: primary.url, name: "test", log: createLog("test", "silent") });
  await awaitReady(connection, 5_000);
  return connection;
};

beforeAll(async () => {
  primary = await scratchRedis(["--repl-diskless-sync-delay", "0"]);
  [redis, observer] = [await connect(), await connect()];
  replica = await scratchReplica(redis);
  await count(redis, ["known"], []); // the script, by its digest from here on
}, 20_000);
afterAll(async () => {
  for (const connection of [redis, observer]) connection.disconnect();
  await Promise.all([primary.dispose(), replica.dispose()]);
});
beforeEach(() => observer.config("RESETSTAT"));

const count = defineScript({ name: "test", source: "return redis.call('INCR', KEYS[1])", parse: Number });
/** WAIT commands that the primary has run. */
const waits = async () => Number(/^cmdstat_wait:calls=(\d+)/m.exec(await observer.info("commandstats"))?.[1] ?? 0);
const unconfirmed = expect.objectContaining({
  code: "outcome_unknown",
  status: 503,
  headers: { "retry-after": "1" },
  message: expect.stringContaining("no replica confirmed it"),
});

/** A replica that neither answers nor goes away, for as long as `work` takes. */
async function withStalledReplica<T>(work: () => Promise<T>): Promise<T> {
  process.kill(replica.pid, "SIGSTOP");
  try {
    return await work();
  } finally {
    process.kill(replica.pid, "SIGCONT");
  }
}

test("writes that are sent together share one WAIT", async () => {
  const confirm = createReplicaWait(TIMEOUT_MS);
  await Promise.all(Array.from({ length: 200 }, () => count(redis, ["together"], [], confirm)));
  expect(await waits()).toBe(1);
});

test("writes that are sent during a WAIT share the next one", async () => {
  const confirm = createReplicaWait(TIMEOUT_MS);
  await withStalledReplica(async () => {
    const first = count(redis, ["in-turn"], [], confirm);
    while (!String(await observer.client("LIST")).includes("cmd=wait"));
    const others = Array.from({ length: 50 }, () => count(redis, ["in-turn"], [], confirm));
    process.kill(replica.pid, "SIGCONT");
    expect(await first).toBe(1);
    expect((await Promise.all(others)).length).toBe(50);
  });
  expect(await waits()).toBe(2);
});

test("a write that no replica confirms is outcome_unknown in time, and stands", async () => {
  const confirm = createReplicaWait(TIMEOUT_MS);
  await withStalledReplica(async () => {
    const startedAt = performance.now();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => count(redis, ["alone"], [], confirm)));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    for (const answer of answers) expect(answer).toEqual({ status: "rejected", reason: unconfirmed });
  });
  expect(await redis.get("alone")).toBe("20");
  expect(await count(redis, ["alone"], [], confirm)).toBe(21); // and service resumes by itself
});

test("a connection that was lost after the write does not confirm it, although the next connection has a replica", async () => {
  const confirm = createReplicaWait(TIMEOUT_MS);
  const confirmed = confirm(redis);
  await redis.incr("lost");
  const closed = new Promise((resolve) => redis.once("close", resolve));
  redis.disconnect(true);
  await closed;
  await awaitReady(redis, 5_000);
  await expect(confirmed()).rejects.toEqual(unconfirmed);
  expect(await waits()).toBe(0);
  expect(await count(redis, ["lost"], [], confirm)).toBe(2);
});

test("a refusal, which acknowledges nothing, is not confirmed", async () => {
  const refuse = defineScript({
    name: "test",
    source: "return 'no'",
    parse: String,
    isRefusal: (result) => result === "no",
  });
  expect(await refuse(redis, ["a"], [], createReplicaWait(TIMEOUT_MS))).toBe("no");
  expect(await waits()).toBe(0);
});
