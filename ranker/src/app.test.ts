import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { flushAll, keysOf, sizeOf } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build();
});
afterAll(() => under.close());
beforeEach(() => flushAll(under.redis));

const ada = player("ada");

interface ProblemBody {
  status: number;
  code: string;
  request_id: string;
  errors?: { field: string; message: string }[];
}

async function problemOf(response: Response): Promise<[status: number, code: string, ...fields: string[]]> {
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  const body = (await response.json()) as ProblemBody;
  expect(body.status).toBe(response.status);
  expect(body.request_id).toBe(response.headers.get("X-Request-Id") ?? "");
  return [response.status, body.code, ...(body.errors ?? []).map(({ field }) => field)];
}

describe("the way of a player", () => {
  test("register, log in, create, update, add, rank, top, around", async () => {
    const registered = await ranker.post("/auth/register", { user_id: "ada", name: "Ada", region: "eu" });
    expect(registered.status).toBe(201);
    expect(await registered.json()).toMatchObject({ user: { user_id: "ada", name: "Ada", region: "EU" } });
    const login = await ranker.post("/auth/login", { user_id: "ada", name: "Ada" });
    expect(login.status).toBe(200);
    const { token } = (await login.json()) as { token: string };
    const identity = await ranker.tokens.verify(token);
    expect(identity).toMatchObject({ userId: "ada", name: "Ada", region: "EU" });

    const created = await ranker.post("/score/create", { initialScore: 10, region: "eu" }, identity);
    expect([created.status, await created.json()]).toMatchObject([201, { rank: 1, score: 10, region: "EU" }]);
    const updated = await ranker.post("/score/update", { score: 100 }, identity);
    expect([updated.status, await updated.json()]).toMatchObject([200, { rank: 1, score: 100 }]);
    const added = await ranker.post("/score/add", { delta: -1 }, identity);
    expect([added.status, await added.json()]).toMatchObject([200, { rank: 1, score: 99, name: "Ada" }]);

    const entry = { rank: 1, user_id: "ada", name: "Ada", region: "EU", score: 99 };
    const rank = await ranker.app.request("/rank/ada?region=eu");
    expect(await rank.json()).toMatchObject({ ...entry, total: 1, percentile: 100 });
    const top = await ranker.app.request("/top");
    expect(await top.json()).toMatchObject({ region: "GLOBAL", total: 1, entries: [entry] });
    const around = await ranker.app.request("/around/ada");
    expect(await around.json()).toMatchObject({ region: "GLOBAL", total: 1, self: entry, around: [] });
  });

  test("initialScore at registration makes the entry at once", async () => {
    await ranker.post("/auth/register", { user_id: "bob", name: "Bob", region: "NA", initialScore: 5 });
    expect(await (await ranker.app.request("/rank/bob?region=NA")).json()).toMatchObject({ rank: 1, score: 5 });
  });

  test("a name of 200 characters beyond the basic plane is kept as it is", async () => {
    const name = "🏆".repeat(200);
    await ranker.post("/auth/register", { user_id: "ada", name, region: "EU", initialScore: 1 });
    expect(await (await ranker.app.request("/rank/ada")).json()).toMatchObject({ name });
  });

  test("a replayed write says so, and its status is the first one's", async () => {
    const send = () => ranker.post("/score/create", { initialScore: 1 }, ada, { "Idempotency-Key": "k" });
    const [first, second] = [await send(), await send()];
    expect([first.status, first.headers.get("Idempotent-Replayed")]).toEqual([201, null]);
    expect([second.status, second.headers.get("Idempotent-Replayed")]).toEqual([201, "true"]);
    expect(await second.text()).toBe(await first.text());
  });

  test.each([
    ["/score/create", { initialScore: 1 }, 409, "entry_exists"],
    ["/score/add", { delta: Number.MAX_SAFE_INTEGER }, 422, "score_out_of_range"],
  ] as const)("a refusal of %s that comes again says so", async (path, body, status, code) => {
    await ranker.post("/score/add", { delta: 1 }, ada);
    const send = (key: string) => ranker.post(path, body, ada, { "Idempotency-Key": key });
    const [first, second, other] = [await send("k"), await send("k"), await send("l")];
    const said = [first, second, other].map((each) => [each.status, each.headers.get("Idempotent-Replayed")]);
    expect(said).toEqual([
      [status, null],
      [status, "true"],
      [status, null],
    ]);
    expect(await second.json()).toMatchObject({ code });
  });

  test("a board that is named keeps its own ranks", async () => {
    await ranker.post("/score/add", { delta: 3, board: "weekly" }, ada);
    expect(await (await ranker.app.request("/top?board=weekly")).json()).toMatchObject({ total: 1 });
    expect(await (await ranker.app.request("/top?board=main")).json()).toMatchObject({ total: 0 });
  });
});

test.each([
  ["1E+3", 1000],
  ["100.0", 100],
  ["1.2345678E7", 12_345_678],
  ["-0", 0],
  ["1e0", 1],
  ["-9.007199254740991E15", Number.MIN_SAFE_INTEGER],
])("a score spelled %s is the integer %p", async (spelling, score) => {
  const answer = await ranker.post("/score/update", `{"score":${spelling}}`, ada);
  expect([answer.status, await answer.json()]).toMatchObject([200, { score }]);
});

test.each([
  ["1.5", "has a fraction"],
  ["1e-1", "has a fraction"],
  ["9007199254740990.6", "has a fraction"],
  ["9007199254740993", "out of range"],
  ["1e400", "out of range"],
])("a score spelled %s is told that it %s", async (spelling, reason) => {
  const answer = await ranker.post("/score/update", `{"score":${spelling}}`, ada);
  expect(await answer.json()).toMatchObject({
    code: "invalid_request",
    errors: [{ field: "score", message: expect.stringContaining(reason) }],
  });
});

/** Sends a write that must be refused, and sees that nothing has changed. */
async function refused(response: Promise<Response>): Promise<unknown[]> {
  const before = await sizeOf(under.redis);
  const problem = await problemOf(await response);
  expect(await sizeOf(under.redis)).toBe(before);
  return problem;
}

describe("bad input is refused by name, and nothing changes", () => {
  test.each([
    ["not JSON", "{", ["invalid_json"]],
    ["nothing", "", ["invalid_json"]],
    ["NaN", '{"delta": NaN}', ["invalid_json"]],
    ["a number for a body", "5", ["invalid_request", "body"]],
    ["a list for a body", "[]", ["invalid_request", "body"]],
    ["no field", "{}", ["invalid_request", "delta"]],
    ["a field named twice", '{"delta": 1, "delta": 1}', ["invalid_request", "delta"]],
    ["a field named twice, once in escapes", '{"delta": 1, "d\\u0065lta": 2}', ["invalid_request", "delta"]],
    ["a name twice inside of a field", '{"delta": {"a": 1, "a": 2}}', ["invalid_request", "a"]],
    ["a fraction", '{"delta": 1.5}', ["invalid_request", "delta"]],
    ["infinity", '{"delta": 1e309}', ["invalid_request", "delta"]],
    ["a string", '{"delta": "5"}', ["invalid_request", "delta"]],
    ["true", '{"delta": true}', ["invalid_request", "delta"]],
    ["null", '{"delta": null}', ["invalid_request", "delta"]],
    ["2^53", '{"delta": 9007199254740992}', ["invalid_request", "delta"]],
    ["-2^53", '{"delta": -9007199254740992}', ["invalid_request", "delta"]],
    ["what rounds to an integer", '{"delta": 9007199254740990.6}', ["invalid_request", "delta"]],
    ["what rounds to zero", '{"delta": 1e-400}', ["invalid_request", "delta"]],
    ["an unknown field", '{"delta": 1, "user_id": "eve"}', ["invalid_request", "user_id"]],
    ["__proto__", '{"delta": 1, "__proto__": {"a": 1}}', ["invalid_request", "__proto__"]],
    ["constructor", '{"delta": 1, "constructor": 1}', ["invalid_request", "constructor"]],
    ["a board of no such name", '{"delta": 1, "board": "Daily"}', ["invalid_request", "board"]],
    ["an unknown region", '{"delta": 1, "region": "MARS"}', ["invalid_request", "region"]],
    ["two faults", '{"delta": "1", "board": "X"}', ["invalid_request", "board", "delta"]],
  ])("a body with %s", async (_, body, [code, ...fields]) => {
    expect(await refused(ranker.post("/score/add", body, ada))).toEqual([400, code, ...fields]);
  });

  test("a body in what is not UTF-8", async () => {
    const body = new Uint8Array([...Buffer.from('{"delta": 1, "board": "'), 0xff, ...Buffer.from('"}')]);
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${await ranker.tokens.issue(ada)}` };
    expect(
      await refused(ranker.app.request("/score/add", { method: "POST", headers, body }) as Promise<Response>),
    ).toEqual([400, "invalid_json"]);
  });

  test("a body of 17 KiB", async () => {
    const body = JSON.stringify({ delta: 1, padding: "x".repeat(17 * 1024) });
    expect(await refused(ranker.post("/score/add", body, ada))).toEqual([413, "body_too_large"]);
  });

  test("a body that is not said to be JSON", async () => {
    const headers = { "Content-Type": "text/plain" };
    expect(await refused(ranker.post("/score/add", { delta: 1 }, ada, headers))).toEqual([
      415,
      "unsupported_media_type",
    ]);
  });

  test.each(["a:b", "{EU}", "a\u0000b", "a b", "", "x".repeat(65), "ä", 5, null])("user_id %p", async (user_id) => {
    const body = { user_id, name: "Ada", region: "EU" };
    expect(await refused(ranker.post("/auth/register", body))).toEqual([400, "invalid_request", "user_id"]);
  });

  test.each(["", "x".repeat(201), "a\u0000b", "a\nb", "a\u007fb", "a\u0085b", "\ud800", "a\udc00b", 5])(
    "name %p",
    async (name) => {
      const body = { user_id: "ada", name, region: "EU" };
      expect(await refused(ranker.post("/auth/register", body))).toEqual([400, "invalid_request", "name"]);
    },
  );

  test.each(["short", "x".repeat(129), 12345678])("password %p", async (password) => {
    const body = { user_id: "ada", name: "Ada", region: "EU", password };
    expect(await refused(ranker.post("/auth/register", body))).toEqual([400, "invalid_request", "password"]);
  });

  test.each(["", "k y", "ä", "k".repeat(129)])("Idempotency-Key %p", async (key) => {
    const headers = new Headers({ "Content-Type": "application/json" });
    headers.set("Authorization", `Bearer ${await ranker.tokens.issue(ada)}`);
    headers.set("Idempotency-Key", key);
    const init = { method: "POST", headers, body: '{"delta": 1}' };
    const problem = await refused(ranker.app.request("/score/add", init) as Promise<Response>);
    expect(problem).toEqual([400, "invalid_request", "Idempotency-Key"]);
  });

  test.each([
    ["/top?limit=0", "limit"],
    ["/top?limit=1001", "limit"],
    ["/top?limit=1e9", "limit"],
    ["/top?limit=0x10", "limit"],
    ["/top?limit=-1", "limit"],
    ["/top?limit=", "limit"],
    ["/top?limit=5&limit=6", "limit"],
    ["/top?region=MARS", "region"],
    ["/top?region=", "region"],
    ["/top?board=Daily", "board"],
    ["/top?page=2", "page"],
    ["/rank/a:b", "userId"],
    ["/rank/%7BEU%7D", "userId"],
    ["/rank/a%00b", "userId"],
    [`/rank/${"x".repeat(65)}`, "userId"],
    ["/rank/ada?limit=5", "limit"],
    ["/around/ada?range=0", "range"],
    ["/around/ada?range=101", "range"],
    ["/around/ada?range=1.0", "range"],
  ])("GET %s", async (path, field) => {
    expect(await problemOf(await ranker.app.request(path))).toEqual([400, "invalid_request", field]);
  });

  test("a body region that is not one's own is wrong_region", async () => {
    expect(await refused(ranker.post("/score/create", { initialScore: 1, region: "NA" }, ada))).toEqual([
      403,
      "wrong_region",
    ]);
  });
});

describe("a caller without a valid token is refused, and nothing changes", () => {
  test("the challenge names the scheme, and what is wrong with a token that was sent", async () => {
    const challenge = async (headers: Record<string, string>) =>
      (await ranker.post("/score/add", { delta: 1 }, undefined, headers)).headers.get("WWW-Authenticate");
    expect(await challenge({})).toBe("Bearer");
    expect(await challenge({ Authorization: "Bearer a.b.c" })).toBe('Bearer error="invalid_token"');
  });

  test("the token is looked at before the body", async () => {
    expect(await refused(ranker.post("/score/add", "{"))).toEqual([401, "missing_token"]);
  });
});

describe("a key of a wrong type, planted by another program, is a 500 that tells only its request id, and nothing is half-written", () => {
  const update = () => ranker.post("/score/update", { score: 5 }, ada, { "Idempotency-Key": "k" });
  const register = () => ranker.post("/auth/register", { user_id: "eve", name: "Eve", region: "EU" });
  const login = () => ranker.post("/auth/login", { user_id: "eve", name: "Eve" });
  test.each([
    ["queue:scores:{EU}", update],
    ["clock:{EU}", update],
    ["leaderboard:{EU}", update],
    ["entries:{EU}", update],
    ["answers:{EU}:ada", update],
    ["answers:{EU}:ada:old", update],
    ["queue:accounts:{accounts}", register],
    ["clock:{accounts}", register],
    ["account:{accounts}:eve", register],
    ["account:{accounts}:eve", login],
  ])("%s", async (key, request) => {
    await under.redis.sadd(key, "not what belongs here");
    const response = await request();
    const text = await response.clone().text();
    expect(await problemOf(response)).toEqual([500, "internal"]);
    expect(text).not.toMatch(/WRONGTYPE|redis|lua|script/i);
    expect((await keysOf(under.redis, "*")).filter((other) => !/^(bucket|fence|boards):/.test(other))).toEqual([key]);
    expect(await under.redis.smembers(key)).toEqual(["not what belongs here"]);
  });
});

describe("routes that are not there", () => {
  test("an unknown path is not_found", async () => {
    expect(await problemOf(await ranker.app.request("/scores/of"))).toEqual([404, "not_found"]);
  });

  test.each([
    ["DELETE", "/top", "GET, HEAD"],
    ["PUT", "/rank/ada", "GET, HEAD"],
    ["GET", "/score/add", "POST"],
  ])("%s %s is method_not_allowed, and Allow says what is", async (method, path, allow) => {
    const response = await ranker.app.request(path, { method });
    expect(response.headers.get("Allow")).toBe(allow);
    expect(await problemOf(response)).toEqual([405, "method_not_allowed"]);
  });
});

test("every answer carries a request id: the caller's when it is well-formed", async () => {
  const ask = async (headers: Record<string, string>) =>
    (await ranker.app.request("/top", { headers })).headers.get("X-Request-Id");
  expect(await ask({ "X-Request-Id": "abc-123" })).toBe("abc-123");
  expect(await ask({ "X-Request-Id": "a b" })).toMatch(/^[0-9a-f-]{36}$/);
  expect(await ask({})).toMatch(/^[0-9a-f-]{36}$/);
});

test.each(["/top", "/nothing", "/health", "/top?limit=0"])(
  "%s: nothing in an answer runs, is kept, framed or guessed at in a browser",
  async (path) => {
    expect(Object.fromEntries((await ranker.app.request(path)).headers)).toMatchObject({
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
    });
  },
);

test("ready names a region whose reads are refused, and is 503 once all are", async () => {
  const refused = ["EU"];
  const splits = { isServing: () => refused.length < REGIONS.length, refused: () => refused };
  const { app } = await under.build({ splits });
  const ask = async () => {
    const answer = await app.request("/ready");
    return [answer.status, await answer.json()];
  };
  const readiness = (status: string) => ({
    status,
    dependencies: [{ name: "redis of the test", up: true }].concat(
      refused.map((region) => ({ name: `region ${region}`, up: false })),
    ),
  });
  expect(await ask()).toEqual([200, readiness("ready")]);
  refused.splice(0, 1, ...REGIONS);
  expect(await ask()).toEqual([503, readiness("unavailable")]);
});

test("a query field that is given twice is refused in these words, for every field", async () => {
  const fields: [path: string, names: string[]][] = [
    ["/top", ["region", "board", "partial", "limit"]],
    ["/rank/ada", ["region", "board", "partial"]],
    ["/around/ada", ["region", "board", "partial", "range"]],
    ["/live", ["region", "board", "limit", "lastEventId"]],
    ["/live/rank/ada", ["region", "board", "lastEventId"]],
  ];
  for (const [path, names] of fields) {
    for (const name of names) {
      const answer = await ranker.app.request(`${path}?${name}=1&${name}=2`);
      expect([answer.status, await answer.json()]).toEqual([
        400,
        expect.objectContaining({
          detail: `The query is not valid: ${name} must be given once.`,
          errors: [{ field: name, message: "must be given once" }],
        }),
      ]);
    }
  }
});

test("ready names each dependency, and metrics count requests by route, not by player", async () => {
  const ready = await ranker.app.request("/ready");
  expect(await ready.json()).toEqual({ status: "ready", dependencies: [{ name: "redis of the test", up: true }] });
  await ranker.app.request("/rank/somebody");
  const metrics = await ranker.metrics.metrics();
  expect(metrics).toContain('route="/rank/:userId"');
  expect(metrics).not.toContain("somebody");
});
