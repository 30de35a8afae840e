import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { type Client, createClient } from "leaderboard-client";
import { createTokens } from "shared/auth/tokens";
import { dirForFile } from "testing/for-file";
import { openTcpProxy } from "testing/tcp-proxy";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { type Site, startSite } from "../faults/site.ts";
import { compileCsharp, compileLauncher, findMono } from "./compile-csharp.ts";
import { CSHARP } from "./csharp-sources.ts";

const mono = findMono();
const dir = await dirForFile();
const program = join(dir, "tests.exe");
let launch: string[] = [];
let site: Site;
let visitor: Client;
let operatorToken = "";
const servers: ReturnType<typeof Bun.serve>[] = [];

beforeAll(async () => {
  if (mono === undefined) return;
  const sources = [join(CSHARP, "Runtime"), join(CSHARP, "Tests~/Client")];
  const env = { LIVE_STREAMS_PER_ADDRESS: "100" };
  [site, , launch] = await Promise.all([startSite({ env }), compileCsharp(sources, program), compileLauncher(dir)]);
  visitor = createClient({ url: site.gateways[0].url });
  operatorToken = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600);
  const admin = visitor.as(operatorToken);
  await admin.putBoard("laps", {
    order: "asc",
    operator: "best",
    decimals: 3,
    unit: "s",
    sub: "desc",
    bounds: { min: 1 },
    metadata_bytes_max: 100,
    attempts_max: 2,
    tiers: { by: "rank", steps: [{ id: "gold", upto: 1 }] },
  });
  for (const board of ["reads", "quiet", "streams"]) await admin.putBoard(board);
  await admin.putBoard("closed", { readers: "operators" });
  await admin.putBoard("league", { season: { schedule: "0 0 1 1 *", zone: "Europe/Paris" } });
}, 120_000);
afterAll(async () => {
  for (const server of servers) await server.stop(true);
  await site?.close();
}, 30_000);

/** Starts one test of the C# program. Its streams are the caller's. */
function start(name: string, url = site.gateways[0].url, more: Record<string, string> = {}) {
  const env = { ...process.env, LEADERBOARD_URL: url, LEADERBOARD_TOKEN: operatorToken, ...more };
  return Bun.spawn([...launch, program, name], {
    cwd: dir,
    env,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** Runs one test of the C# program to its end. */
async function run(name: string, url?: string, more?: Record<string, string>): Promise<void> {
  await succeed(start(name, url, more));
}

async function succeed(child: ReturnType<typeof start>): Promise<void> {
  const [errors, status] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  expect([errors, status]).toEqual(["", 0]);
}

/** Waits until the program has said a line, and returns how to answer it. */
async function heard(child: ReturnType<typeof start>): Promise<() => void> {
  const { value } = await child.stdout.getReader().read();
  if (value === undefined) await succeed(child);
  return () => {
    child.stdin.write("\n");
    void child.stdin.flush();
  };
}

/** A server before the gateway. @returns its URL */
function serve(answer: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: answer });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

function refuse(retry_after: number): Response {
  const problem = { type: "about:blank", title: "", status: 429, code: "rate_limited", detail: "Too many." };
  const headers = { "Retry-After": `${retry_after}`, "Content-Type": "application/problem+json; charset=utf-8" };
  return Response.json({ ...problem, retry_after }, { status: 429, headers });
}

async function forward(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const { method, headers } = request;
  return fetch(site.gateways[0].url + pathname + search, { method, headers, body: await request.arrayBuffer() });
}

describe.skipIf(mono === undefined)("the C# client on Mono", () => {
  test("registers players and guests, and goes on with their new tokens", () => run("players"), 60_000);
  test("writes integers beyond 2^52 and repeats exactly", () => run("scores"), 60_000);
  test("writes and reads decimals, sub-scores, metadata, attempts, bounds and tiers", () => run("kinds"), 60_000);
  test("writes for other players, one or many at once", () => run("server"), 60_000);
  test("reads tops, pages, ranks, neighbours, boards and seasons that agree", () => run("reads"), 60_000);
  test("decodes refusals with their fields", () => run("refusals"), 60_000);
  test("names the argument that cannot be sent", () => run("arguments"), 60_000);
  test("keeps connections beside many streams, and ends them", () => run("live-many"), 60_000);
  test("ends streams with the client, also those of its players", () => run("live-disposal"), 60_000);
  test("follows a player, and goes on behind the last event", () => run("live-rank"), 60_000);
  test("parses streams in pieces of every size", () => run("events"), 60_000);

  test("tolerates fields that a later server adds", async () => {
    const add = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(add);
      if (typeof value !== "object" || value === null) return value;
      const fields = Object.entries(value).map(([name, inner]) => [name, add(inner)]);
      return { added: "of a later server", ...Object.fromEntries(fields), more: [{ a: 1.5e300 }, [null]] };
    };
    const url = serve(async (request) => {
      const answer = await forward(request);
      const headers = { "Content-Type": answer.headers.get("Content-Type") ?? "" };
      return Response.json(add(await answer.json()), { status: answer.status, headers });
    });
    await run("later-server", url);
  }, 60_000);

  test("waits as a 429 asks, and repeats the write under the same key", async () => {
    const keys: (string | null)[] = [];
    const seen = new Set<string>();
    const url = serve((request) => {
      const key = request.headers.get("Idempotency-Key");
      if (key !== null) keys.push(key);
      const name = key ?? request.url;
      if (seen.has(name) || request.method === "GET") return forward(request);
      seen.add(name);
      return refuse(1);
    });
    await run("rate-limited", url);
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(3);
  }, 60_000);

  test(
    "repeats reads behind a proxy that fails, and nothing that may do another thing",
    () =>
      run(
        "not-repeated",
        serve(() => new Response("<h1>Bad gateway</h1>", { status: 502 })),
      ),
    60_000,
  );

  test("repeats a write whose answer was lost, and it counts once", async () => {
    const proxy = await openTcpProxy(site.gateways[0].port);
    try {
      const child = start("lost-answer", `http://127.0.0.1:${proxy.port}`);
      const answer = await heard(child);
      const caught = proxy.catchReply("POST /score/add");
      answer();
      (await caught).drop();
      await succeed(child);
    } finally {
      proxy.close();
    }
  }, 60_000);

  test.each([
    ["ends an attempt in time, and a call when the caller cancels", "slow"],
    ["cancels calls under way with the client, and refuses later ones", "disposal"],
  ])(
    "%s",
    async (_, name) => {
      const url = serve(({ url: asked }) => {
        if (asked.endsWith("/ready")) return new Promise<Response>(() => {});
        if (!asked.endsWith("/health")) return refuse(60);
        let timer: ReturnType<typeof setInterval>;
        return new Response(
          new ReadableStream({
            start(controller) {
              timer = setInterval(() => controller.enqueue(" "), 50);
            },
            cancel: () => clearInterval(timer),
          }),
        );
      });
      await run(name, url);
    },
    60_000,
  );

  test(
    "says what is not a leaderboard",
    () =>
      run(
        "stranger",
        serve(({ url }) => (url.endsWith("/health") ? new Response("<h1>Welcome</h1>") : Response.json({}))),
      ),
    60_000,
  );

  test("renews a token that ends soon, once for all calls at the same time", async () => {
    const { token } = await visitor.register({ user_id: "old", name: "Old", region: "EU" });
    const { userId, name, region, account } = await createTokens(TOKEN_OPTIONS).verify(token);
    const then = () => Date.now() - 3_000_000; // of a lifetime of 3,600 s
    const old = await createTokens({ ...TOKEN_OPTIONS, now: then }).issue({ userId, name, region, account });
    await run("renewal", undefined, { OLD_TOKEN: old });
  }, 60_000);

  test("follows a board over a restart of the gateway, with what was written meanwhile", async () => {
    const child = start("live");
    const answer = await heard(child);
    await site.gateways[0].crash();
    answer();
    await succeed(child);
  }, 60_000);

  test("reads and writes JSON as JavaScript does, and refuses what that refuses", async () => {
    const valid = fc.sample(fc.json({ maxDepth: 4 }), { numRuns: 300, seed: 1 });
    const broken = valid.map(
      (text, index) => text.slice(0, index % text.length) + text.slice((index % text.length) + 1),
    );
    const special = [
      "1e3",
      "-0",
      "0.1E-7",
      '"\\u00e9\\ud83d\\ude00\\/"',
      " [ ] ",
      "01",
      "+1",
      ".5",
      "1.",
      "[1,]",
      "{",
      "",
    ];
    const lines = [...valid, ...broken, ...special].map((text) => text.replaceAll(/[\n\r]/g, " "));
    const child = start("json");
    child.stdin.write(`${lines.join("\n")}\n`);
    void child.stdin.end();
    const [output] = await Promise.all([new Response(child.stdout).text(), succeed(child)]);
    const parse = (text: string): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        return "!";
      }
    };
    expect(output.trimEnd().split("\n").map(parse)).toEqual(lines.map(parse));
  }, 60_000);
});
