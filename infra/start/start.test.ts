import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "leaderboard-client";
import connect from "postgres";
import { freePort } from "stack/free-port";
import { forFile } from "testing/for-file";
import { openRaw, statusesOf, toLines } from "testing/raw-connection";
import { clientOf, codeOf } from "testing/services/client";
import { makePlace, pidOf, type RunningStack, startStack } from "testing/services/stack-under-test";
import { until } from "testing/until";
import { findNginx } from "./processes/nginx.ts";

const place = await forFile(makePlace());
let stack: RunningStack | undefined;
afterEach(async () => {
  await stack?.stop();
  stack = undefined;
});

interface Row {
  user_id: string;
  score: string;
  region: string;
}

/** Reads a region's database until a row has this score, since the drainer writes it later. */
async function rowsOf(region: string, score: string): Promise<Row[]> {
  const sql = connect((await place.readStores())[`POSTGRES_URL_${region}`] ?? "", { max: 1 });
  try {
    const read = () => sql<Row[]>`SELECT user_id, score, region FROM leaderboard`;
    return [...(await until(read, (rows) => rows.some((row) => row.score === score)))];
  } finally {
    await sql.end();
  }
}

test("what Redis and PostgreSQL say is in files of their own", async () => {
  stack = await startStack(place);
  expect(stack.lines.filter((line) => /^(redis|postgres) /.test(line))).toEqual([]);
  for (const name of ["redis", "postgres"]) {
    expect(readFileSync(join(place.dataDir, `${name}.log`), "utf8")).toMatch(/ready to accept connections/i);
  }
}, 30_000);

test("scores, tokens and passwords survive a restart, and --fresh removes them", async () => {
  stack = await startStack(place);
  const client = clientOf(place);
  const token = await client.register({ user_id: "ada", name: "Ada", region: "EU" });
  const withPassword = { user_id: "bob", name: "Bob", region: "ASIA", password: "correct horse" };
  const bobs = await client.register(withPassword);

  const ada = client.as(token);
  await ada.createScore({ initialScore: 10 });
  await ada.setScore({ score: 100 });
  expect(await ada.addScore({ delta: 5 })).toMatchObject({ rank: 1, score: 105 });
  await client.as(bobs).addScore({ delta: 500 });
  expect(await rowsOf("EU", "105")).toEqual([{ user_id: "ada", score: "105", region: "EU" }]);
  expect(await rowsOf("ASIA", "500")).toEqual([{ user_id: "bob", score: "500", region: "ASIA" }]);

  const read = () =>
    Promise.all([
      client.rank("ada"),
      client.rank("ada", { region: "EU" }),
      client.top(),
      client.top({ region: "ASIA" }),
      client.around("ada"),
      client.around("bob", { region: "ASIA" }),
    ]);
  const before = await read();
  expect(before[0]).toMatchObject({ rank: 2, total: 2 });
  expect(before[1]).toMatchObject({ rank: 1, total: 1 });

  await stack.stop();
  expect(await stack.exited).toBe(0);
  stack = await startStack(place);
  expect(await read()).toEqual(before);
  // The old token and the passwords are still valid.
  expect(await ada.addScore({ delta: 1 })).toMatchObject({ score: 106 });
  expect(await client.login({ user_id: "bob", password: "correct horse" })).toMatchObject({ user: { name: "Bob" } });
  expect(await codeOf(client.login({ user_id: "bob", name: "Bob" }))).toBe("bad_credentials");
  expect(await client.login({ user_id: "ada", name: "Ada" })).toMatchObject({ user: { region: "EU" } });

  await stack.stop();
  stack = await startStack(place, ["--fresh"]);
  expect(await client.top()).toEqual({ region: "GLOBAL", total: 0, entries: [], next: null, prev: null });
  expect(await codeOf(ada.addScore({ delta: 1 }))).toBe("invalid_token");
}, 60_000);

describe("the start fails and names", () => {
  const start = (args: string[], env: Record<string, string>) => startStack(place, args, env);

  test("a port that is taken", async () => {
    const port = Number(place.env.GATEWAY_PORT);
    const other = Bun.serve({ port, hostname: "127.0.0.1", fetch: () => new Response() });
    await expect(start([], {})).rejects.toThrow(`port ${port} is taken: stop what listens there, or choose another`);
    await other.stop(true);
  });

  test("a variable that is not valid", async () => {
    await expect(start([], { QUEUE_MAX: "many" })).rejects.toThrow("QUEUE_MAX must be a whole number");
    await expect(start([], { GATEWAY_PORT: "http" })).rejects.toThrow("GATEWAY_PORT must be a whole number");
  }, 30_000);

  test("all variables that are not valid, in our words, before anything is started or written", async () => {
    const empty = {
      DATA_DIR: join(place.dataDir, "nothing"),
      QUEUE_MAX: "many",
      LOG_LEVEL: "loud",
      PASSWORDS: "maybe",
    };
    const error: unknown = await start([], empty).catch((thrown: unknown) => thrown);
    const lines = String(error).split("\n").slice(1).sort();
    expect(lines).toEqual([
      "start: LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent",
      expect.stringMatching(/^start: PASSWORDS must be one of /),
      "start: QUEUE_MAX must be a whole number",
    ]);
    expect(existsSync(empty.DATA_DIR)).toBe(false);
    await expect(start([], { REGIONS: "a b" })).rejects.toThrow("start: REGIONS must be comma-separated names");
  }, 30_000);

  test("another number of partitions than the kept data has, before anything is started", async () => {
    const first = await start([], { RATE_USER_BURTS: "5", HOST: "0.0.0.0" });
    const notes = first.lines.join("\n");
    expect(notes).toContain("there is no variable RATE_USER_BURTS; did you mean RATE_USER_BURST?");
    expect(notes).toContain("npm start sets these variables itself, and does not use yours: HOST");
    await first.stop();
    const error: unknown = await start([], { PARTITIONS: "4" }).catch((thrown: unknown) => thrown);
    expect(String(error).split("\n").slice(1)).toEqual([
      "start: PARTITIONS is 4, but the kept data has 1: start without PARTITIONS, then run ./lb repartition --to 4",
    ]);
  }, 60_000);

  test("an option that is not known", async () => {
    await expect(start(["--frehs"], {})).rejects.toThrow("--frehs");
  });
});

test("a killed child is restarted, and a killed stack does not hinder the next one", async () => {
  stack = await startStack(place);
  const second = startStack(place);
  await expect(second).rejects.toThrow(`The stack already runs here, as process ${stack.pid}`);

  const client = clientOf(place);
  const token = await client.register({ user_id: "eve", name: "Eve", region: "NA" });
  for (const part of ["redis-server", "ranker/src/main.ts", "gateway/src/main.ts", "bin/postgres"]) {
    const pid = await pidOf(place, part);
    expect(pid).toBeDefined();
    process.kill(pid ?? 0, "SIGKILL");
    await until(async () => ![undefined, pid].includes(await pidOf(place, part)));
  }
  // The client retries until the stack is back.
  expect(await client.as(token).addScore({ delta: 1 })).toMatchObject({ rank: 1, score: 1 });

  await stack.kill();
  stack = await startStack(place);
  expect(stack.lines.filter((line) => line.includes("left by an earlier run")).length).toBeGreaterThan(0);
  expect(await client.rank("eve")).toMatchObject({ rank: 1 });
}, 60_000);

test.skipIf(findNginx() === undefined)(
  "--nginx puts nginx before the gateway, whose clients may write on at once",
  async () => {
    const port = await freePort();
    stack = await startStack(place, ["--nginx", "--fresh"], { NGINX_PORT: String(port) });
    expect(
      stack.lines.filter((line) => line.includes(`Leaderboard is ready at http://127.0.0.1:${port}`)),
    ).toHaveLength(1);
    const client = createClient({ url: `http://127.0.0.1:${port}` });
    const { token } = await client.register({ user_id: "ada", name: "Ada", region: "EU" });
    const body = '{"delta": 1}';
    const head = ["POST /score/add HTTP/1.1", "Host: x", `Authorization: Bearer ${token}`];
    const add = (...headers: string[]) =>
      toLines(...head, "Content-Type: application/json", `Content-Length: ${body.length}`, ...headers, "") + body;
    const { ended } = openRaw(port, `\r\n${add()}\r\n${add()}${add("Connection: close")}`);
    expect(statusesOf(await ended)).toEqual([200, 200, 200]);
    expect(await client.rank("ada")).toMatchObject({ score: 3 });
  },
  60_000,
);
