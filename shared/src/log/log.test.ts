import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLineWriter, createLog } from "./log.ts";

function createUnderTest() {
  const lines: string[] = [];
  return { lines, log: createLog("test", "info", { write: (line) => void lines.push(line) }) };
}

test("each line is one JSON object with the service, the level's name and an ISO time", () => {
  const { lines, log } = createUnderTest();
  log.info({ request_id: "abc" }, "hello");
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "info",
    service: "test",
    msg: "hello",
    request_id: "abc",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
});

test("the writer of frequent lines writes the same line as the log, and keeps to its level", () => {
  const { lines, log } = createUnderTest();
  const write = createLineWriter(log);
  const about = { request_id: 'a"b', status: 200, duration_ms: 0.25, operator: undefined };
  write("info", about, "request");
  log.info(about, "request");
  write("debug", about, "below the level");
  const [ours = "", theirs = ""] = lines.map((line) => line.replace(/"time":"[^"]+"/, '"time":""'));
  expect(lines).toHaveLength(2);
  expect(ours).toBe(theirs);
});

test("tokens and passwords never reach the log, even inside objects", () => {
  const { lines, log } = createUnderTest();
  const secrets = { token: "t-secret", password: "p-secret", password_hash: "h-secret" };
  log.info(secrets, "flat");
  log.info({ body: secrets, headers: { authorization: "Bearer a-secret", Authorization: "Bearer b-secret" } }, "deep");
  log.info({ request: { headers: { authorization: "Bearer c-secret" } } }, "deeper");
  expect(lines).toHaveLength(3);
  expect(lines.join("")).not.toContain("-secret");
});

test("an error is logged with its stack and its cause", () => {
  const { lines, log } = createUnderTest();
  log.error({ err: new Error("outer", { cause: new Error("inner") }) }, "failed");
  expect(lines[0]).toContain("outer");
  expect(lines[0]).toContain("inner");
  expect(lines[0]).toContain("log.test.ts");
});

test("an error of Redis is logged without the arguments of its call, under any name", () => {
  const { lines, log } = createUnderTest();
  const command = { name: "evalsha", args: ["user:{accounts}:ada", "a-secret"] };
  const refused = Object.assign(new Error("OOM command not allowed"), { command });
  log.error({ err: refused }, "as err");
  log.error({ error: refused, reason: refused }, "as error and as reason");
  log.error(refused, "as itself");
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).toContain("OOM command not allowed");
  expect(lines.join("")).not.toContain("a-secret");
});

test("a failure of many requests is one line at once, then one line a second with the number left out", async () => {
  const lines: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const write = (line: string) => {
    lines.push(line);
    if (lines.length === 3) resolve();
  };
  const log = createLog("test", "info", { write });
  for (let n = 0; n < 1_000; n++) {
    log.warn({ request_id: `r${n}`, path: `/rank/p${n}`, err: new Error("OOM") }, "the store does not answer");
  }
  log.warn({ request_id: "r", err: new Error("READONLY") }, "the store does not answer");
  await promise;
  const read = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(read.map(({ request_id, left_out }) => [request_id, left_out])).toEqual([
    ["r0", undefined],
    ["r", undefined],
    ["r999", 998],
  ]);
});

test("failures of many kinds cause a bounded number of lines", () => {
  const { lines, log } = createUnderTest();
  for (let n = 0; n < 5_000; n++) log.warn({ err: new Error(`failure ${n}`) }, "failed");
  expect(lines).toHaveLength(201);
});

test("a line is bounded in bytes, and a longer one keeps its request id and its message", () => {
  const { lines, log } = createUnderTest();
  const about = { request_id: "abc", examples: ["é".repeat(50_000)] };
  log.warn(about, "too much");
  createLineWriter(log)("info", about, "too much");
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(Buffer.byteLength(line)).toBeLessThan(32 * 1024);
    expect(JSON.parse(line)).toMatchObject({ service: "test", request_id: "abc", msg: "too much" });
  }
});

test.each([
  ["an exit", "process.exit(3)"],
  ["an uncaught error", "throw new Error('out of the blue')"],
  ["an empty event loop", ""],
])("all lines are written when the process ends with %s", (_, end) => {
  const program = `
    const { createLog } = await import(${JSON.stringify(import.meta.resolve("./log.ts"))});
    const log = createLog("test", "info");
    for (let n = 0; n < 1_000; n++) log.info({ n }, "hello");
    ${end}`;
  const { stdout } = Bun.spawnSync([process.execPath, "-e", program], { stdout: "pipe", stderr: "ignore" });
  const lines = stdout.toString().trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual(
    Array.from({ length: 1_000 }, (_, n) => n),
  );
});

test("while the reader is stuck the backlog is bounded: lines are dropped, and one line says so", async () => {
  const program = `
    const { createLog } = await import(${JSON.stringify(import.meta.resolve("./log.ts"))});
    const log = createLog("test", "info");
    const text = "x".repeat(30_000);
    for (let n = 0; n < 1_000; n++) {
      log.info({ n, text }, "hello");
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.stderr.write("logged");
    process.stdin.once("data", () => process.stdin.destroy());`;
  const dir = await mkdtemp(join(tmpdir(), "leaderboard-log-"));
  const pipe = join(dir, "stdout");
  Bun.spawnSync(["mkfifo", pipe]);
  const writer = openSync(pipe, "r+"); // an unread pipe holds 64 KiB
  const child = Bun.spawn([process.execPath, "-e", program], { stdin: "pipe", stdout: writer, stderr: "pipe" });
  await child.stderr.getReader().read(); // all lines are logged, and none is read
  const reader = Bun.spawn(["cat", pipe], { stdout: "pipe" });
  const text = reader.stdout.text();
  child.stdin.write("go\n");
  child.stdin.end();
  await child.exited;
  closeSync(writer);
  const lines = (await text)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { n?: number; msg: string });
  await rm(dir, { recursive: true });
  const numbers = lines.flatMap(({ n }) => n ?? []);
  expect(numbers.length).toBeLessThan(700); // 16 MiB of them
  expect(lines.filter(({ msg }) => msg === "log lines dropped")).not.toEqual([]);
  expect(numbers.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, n) => n));
}, 20_000);
