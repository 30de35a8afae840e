import { expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { words } from "testing/words";
import { startPath } from "./test/path-under-test.ts";

/**
 * A player on no board. Only a registration under the same id may disclose that the account exists.
 */
const HIDDEN = "hidden-player";

const path = await forFile(startPath());
async function register(user_id: string, initialScore?: number): Promise<string> {
  const fields = { user_id, name: `Name of ${user_id}`, region: "EU", initialScore };
  const response = await path.ranker.post("/auth/register", { ...fields, password: `the password of ${user_id}` });
  expect(response.status).toBe(201);
  return ((await response.json()) as { token: string }).token;
}
await register(HIDDEN);
await register("eve", 5);
const token = await register("ada", 10);

const HEADERS = new Set(words`allow cache-control connection content-length content-security-policy content-type date
  cross-origin-resource-policy idempotent-replayed ratelimit ratelimit-policy referrer-policy retry-after
  www-authenticate x-content-type-options x-request-id x-upstream-addr`);
const SECRETS = [
  /argon2|password_hash|password of/i,
  /redis|postgres|hono|\bbun\b|zod/i,
  /WRONGTYPE|NOSCRIPT|ERR |LOADING|ECONN|ETIMEDOUT|EPIPE/,
  /node_modules|\.ts\b|\.lua\b|\n\s+at |Error:/,
  /Name of hidden/,
  /\{EU\}|\{accounts\}|queue:|user:|bucket:|once:/,
];

/** Sends a request to the gateway, and checks all of the answer for secrets. */
async function ask(target: string, init: RequestInit = {}): Promise<[status: number, text: string]> {
  const response = await fetch(`http://127.0.0.1:${path.ports.gateway}${target}`, init);
  const text = await response.text();
  expect([...response.headers.keys()].filter((name) => !HEADERS.has(name))).toEqual([]);
  const headers = [...response.headers].filter(([name]) => name !== "x-upstream-addr");
  const said = [...headers.map((each) => each.join(": ")), text].join("\n");
  for (const secret of SECRETS) expect(said).not.toMatch(secret);
  // Only X-Upstream-Addr and the lists of upstreams name the address of a ranker.
  const isListed = target === "/health" || target === "/ready";
  expect(said.split(`127.0.0.1:${path.ports.ranker}`)).toHaveLength(isListed ? 2 : 1);
  return [response.status, text.replace(/"request_id":"[^"]*"/, "")];
}

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const asAda = (body: unknown) => json(body, { Authorization: `Bearer ${token}` });

test("reads, writes, refusals, health and readiness disclose no more than the board shows", async () => {
  const answers: [number, string, RequestInit?][] = [
    [200, "/top"],
    [200, "/around/eve?range=100"],
    [200, "/around?score=1&range=100"],
    [200, "/rank/eve"],
    [200, "/health"],
    [200, "/ready"],
    [404, "/rank/nobody"],
    [400, "/rank/a%00b"],
    [400, "/top?limit=x"],
    [404, "/nothing"],
    [405, "/top", { method: "PUT" }],
    [200, "/score/add", asAda({ delta: 1 })],
    [409, "/score/create", asAda({ initialScore: 1 })],
    [400, "/score/add", asAda("{")],
    [400, "/score/add", asAda({ delta: "x" })],
    [403, "/score/add", asAda({ delta: 1, region: "NA" })],
    [413, "/score/add", asAda("x".repeat(20_000))],
    [415, "/score/add", json("a=b", { "Content-Type": "text/plain", Authorization: `Bearer ${token}` })],
    [401, "/score/add", json({ delta: 1 })],
    [401, "/score/add", json({ delta: 1 }, { Authorization: "Bearer a.b.c" })],
    [409, "/auth/register", json({ user_id: "eve", name: "Eve", region: "EU", password: "a password" })],
  ];
  for (const [status, target, init] of answers)
    expect([target, (await ask(target, init))[0]]).toEqual([target, status]);
});

test("a read does not tell a player who is on no board from one who does not exist", async () => {
  for (const route of ["/rank/", "/around/"]) {
    const [status, text] = await ask(route + HIDDEN);
    expect([status, text.replaceAll(HIDDEN, "nobody")]).toEqual(await ask(`${route}nobody`));
  }
});

test("a login does not tell a player who exists from one who does not", async () => {
  const login = (user_id: string) => ask("/auth/login", json({ user_id, password: "x" }));
  const first = await login("eve");
  expect(first).toEqual([401, expect.stringContaining("bad_credentials")]);
  for (const user_id of ["nobody", HIDDEN]) expect(await login(user_id)).toEqual(first);
});

test("an answer does not tell that Redis refused a command or is away", async () => {
  await path.redis.set("leaderboard:{ASIA}", "no ranking");
  expect((await ask("/top?region=ASIA"))[0]).toBe(500);
  await path.redis.del("leaderboard:{ASIA}");
  const ended = new Promise((resolve) => path.redis.once("end", resolve));
  path.redis.disconnect();
  await ended;
  expect((await ask("/top"))[0]).toBe(503);
  expect((await ask("/score/add", asAda({ delta: 1 })))[0]).toBe(503);
  expect((await ask("/auth/login", json({ user_id: "eve", password: "x" })))[0]).toBe(503);
  await path.redis.connect();
});
