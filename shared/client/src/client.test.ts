import { afterEach, describe, expect, test } from "bun:test";
import { type Client, type ClientOptions, createClient } from "./client.ts";
import { LeaderboardError } from "./errors.ts";

interface Seen {
  method: string;
  target: string;
  body: unknown;
  token: string | null;
  key: string | null;
  revision: string | null;
}

type Answer = Response | "dropped";

let server: ReturnType<typeof Bun.serve> | undefined;
afterEach(() => server?.stop(true));

/** A server that gives these answers in order, and then `{}`. */
function serve(answers: Answer[], options: Partial<ClientOptions> = {}) {
  const seen: Seen[] = [];
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      seen.push({
        method: request.method,
        target: pathname + search,
        body: request.headers.has("Content-Type") ? await request.json() : undefined,
        token: request.headers.get("Authorization"),
        key: request.headers.get("Idempotency-Key"),
        revision: request.headers.get("If-Match"),
      });
      return (answers.shift() as Response | undefined) ?? Response.json({});
    },
  });
  const { port } = server;
  const drop = async (url: string, init: RequestInit) => {
    if (answers[0] !== "dropped") return fetch(url, init);
    answers.shift();
    seen.push({ method: "dropped", target: "", body: undefined, token: null, key: null, revision: null });
    throw new TypeError("the connection was reset");
  };
  return { seen, client: createClient({ url: `http://127.0.0.1:${port}`, fetch: drop, ...options }) };
}

const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ status, code, detail: `What ${code} says.`, request_id: "the-id" }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
const later = (status: number, code: string) => problem(status, code, { "Retry-After": "0" });

const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => "no failure",
    (reason: unknown) => reason,
  );

const grace = { user_id: "grace", name: "Grace", region: "EU" };

describe("every method sends the request of its route", () => {
  test.each<[route: string, body: object | undefined, call: (client: Client) => Promise<unknown>]>([
    ["POST /auth/register", grace, (client) => client.register(grace)],
    ["POST /auth/login", { user_id: "grace" }, (client) => client.login({ user_id: "grace" })],
    ["POST /score/create", { initialScore: 1 }, (client) => client.createScore({ initialScore: 1 })],
    ["POST /score/update", { score: 2 }, (client) => client.setScore({ score: 2 })],
    ["POST /score/add", { delta: 3, board: "main" }, (client) => client.addScore({ delta: 3, board: "main" })],
    ["POST /score", { ...grace, score: 4 }, (client) => client.submitScoreFor({ ...grace, score: 4 })],
    ["GET /top", undefined, (client) => client.top()],
    ["GET /top?region=EU&limit=5", undefined, (client) => client.top({ region: "EU", limit: 5 })],
    ["GET /top?from=50001", undefined, (client) => client.top({ from: 50_001 })],
    ["GET /top?cursor=abc", undefined, (client) => client.top({ cursor: "abc" })],
    ["GET /rank/a%20b%2Fc?board=main", undefined, (client) => client.rank("a b/c", { board: "main" })],
    ["GET /around/grace?range=2", undefined, (client) => client.around("grace", { range: 2 })],
    [
      "GET /around?range=2&ties=shared&score=-1.5",
      undefined,
      (client) => client.aroundScore(-1.5, { range: 2, ties: "shared" }),
    ],
    [
      "POST /players/a%20b/score",
      { operation: "add", value: 3 },
      (client) => client.writeScore("a b", { operation: "add", value: 3 }),
    ],
    ["GET /players/grace", undefined, (client) => client.playerRecord("grace")],
    [
      "GET /players/grace?cursor=main&limit=5",
      undefined,
      (client) => client.playerRecord("grace", { cursor: "main", limit: 5 }),
    ],
    ["GET /players/grace?with=archives", undefined, (client) => client.playerRecord("grace", { with: "archives" })],
    ["POST /players/a%20b/hide", { reason: "a bot" }, (client) => client.hidePlayer("a b", { reason: "a bot" })],
    ["POST /players/grace/unhide", undefined, (client) => client.unhidePlayer("grace")],
    ["POST /players/grace/rename", { name: "G" }, (client) => client.renamePlayer("grace", { name: "G" })],
    ["DELETE /players/grace", undefined, (client) => client.erasePlayer("grace")],
    ["GET /boards?cursor=daily&limit=5", undefined, (client) => client.listBoards({ cursor: "daily", limit: 5 })],
    ["GET /boards/weekly", undefined, (client) => client.readBoard("weekly")],
    ["PUT /boards/weekly", { title: "W" }, (client) => client.putBoard("weekly", { title: "W" })],
    ["PUT /boards/weekly", {}, (client) => client.putBoard("weekly")],
    ["PATCH /boards/weekly", { title: "W" }, (client) => client.changeBoard("weekly", { title: "W" }, { ifMatch: 7 })],
    ["DELETE /boards/weekly", undefined, (client) => client.deleteBoard("weekly")],
    ["GET /health", undefined, (client) => client.health()],
    ["GET /ready", undefined, (client) => client.ready()],
    ["GET /openapi.json", undefined, (client) => client.openapi()],
  ])("%s", async (route, body, call) => {
    const { client, seen } = serve([], { token: "t" });
    await call(client);
    const [method, target] = route.split(" ");
    expect(seen).toMatchObject([{ method, target, body }]);
    const isWrite = /^POST .*\/score/.test(route);
    const hasToken = isWrite || /\/players\/|^(PUT|PATCH|DELETE) /.test(route);
    expect([seen[0]?.token, seen[0]?.key !== null]).toEqual([hasToken ? "Bearer t" : null, isWrite]);
  });

  test("a change of a board names the revision that it was made for", async () => {
    const { client, seen } = serve([]);
    await client.putBoard("weekly", { title: "W" });
    await client.putBoard("weekly", { title: "W" }, { ifMatch: 3 });
    await client.changeBoard("weekly", { title: "W" }, { ifMatch: 0 });
    await client.deleteBoard("weekly", { ifMatch: 7 });
    expect(seen.map(({ revision }) => revision)).toEqual([null, '"3"', '"0"', '"7"']);
  });

  test("a definition is sent again where its answer was lost, and a change of some fields is not", async () => {
    const { client, seen } = serve([later(503, "outcome_unknown"), Response.json({}), later(503, "outcome_unknown")]);
    await client.putBoard("weekly", {}, { ifMatch: 3 });
    expect(await failureOf(client.changeBoard("weekly", {}, { ifMatch: 3 }))).toMatchObject({
      code: "outcome_unknown",
    });
    expect(seen.map(({ method }) => method)).toEqual(["PUT", "PUT", "PATCH"]);
  });

  test("the pages of a board are asked for by the cursor of the page before, until there is none", async () => {
    const page = (next: string | null) => Response.json({ entries: [], next });
    const { client, seen } = serve([page("a"), page("b"), page(null)]);
    const found: (string | null)[] = [];
    for await (const { next } of client.pages({ board: "main", limit: 5, from: 7 })) found.push(next);
    expect(found).toEqual(["a", "b", null]);
    expect(seen.map(({ target }) => target)).toEqual([
      "/top?board=main&limit=5&from=7",
      "/top?board=main&limit=5&cursor=a",
      "/top?board=main&limit=5&cursor=b",
    ]);
  });

  test("a client with another token leaves the first one unchanged", async () => {
    const { client, seen } = serve([]);
    await client.as("another").addScore({ delta: 1 });
    await client.addScore({ delta: 1 });
    expect(seen.map(({ token }) => token)).toEqual(["Bearer another", null]);
  });
});

test.each([undefined, "", "127.0.0.1:4000", "localhost:4000", "ftp://127.0.0.1", "/lb"])(
  "the url %p is refused at once",
  (url) => {
    expect(() => createClient({ url: url as string })).toThrow(
      new TypeError(`url must begin with http:// or https://, and is ${JSON.stringify(url)}`),
    );
  },
);

describe("a temporary failure is retried", () => {
  test("after Retry-After, and onRetry is called", async () => {
    const waits: number[] = [];
    const onRetry = (_: LeaderboardError, waitMs: number) => waits.push(waitMs);
    const { client, seen } = serve([later(429, "rate_limited"), later(503, "no_upstream")], { onRetry });
    await client.login({ user_id: "grace" });
    expect([seen.length, waits]).toEqual([3, [0, 0]]);
  });

  test("with the same idempotency key for all attempts of a write, and another for the next write", async () => {
    const { client, seen } = serve(["dropped", later(503, "outcome_unknown"), later(429, "queue_full")]);
    await client.addScore({ delta: 1 });
    await client.addScore({ delta: 1 });
    const keys = seen.filter(({ method }) => method === "POST").map(({ key }) => key);
    expect(keys).toHaveLength(4);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[3]).not.toBe(keys[0]);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  test("for erasing, hiding and unhiding, which a repeat does not change", async () => {
    const { client, seen } = serve(["dropped", later(503, "outcome_unknown")]);
    await client.erasePlayer("grace");
    expect(seen.map(({ method }) => method)).toEqual(["dropped", "DELETE", "DELETE"]);
    for (const act of ["hidePlayer", "unhidePlayer"] as const) {
      const again = serve(["dropped", later(503, "outcome_unknown")]);
      await again.client[act]("grace");
      expect(again.seen.map(({ method }) => method)).toEqual(["dropped", "POST", "POST"]);
    }
  });

  test("with the caller's own idempotency key", async () => {
    const { client, seen } = serve([]);
    await client.addScore({ delta: 1 }, { idempotencyKey: "match-42" });
    expect(seen[0]?.key).toBe("match-42");
  });

  test.each<[what: string, call: (client: Client) => Promise<unknown>, answer: () => Answer, code: string]>([
    [
      "a registration whose outcome is unknown",
      (c) => c.register(grace),
      () => later(503, "outcome_unknown"),
      "outcome_unknown",
    ],
    ["a registration that got no answer", (c) => c.register(grace), () => "dropped", "no_answer"],
    ["a login that got no answer", (c) => c.login({ user_id: "grace" }), () => "dropped", "no_answer"],
    ["a refusal", (c) => c.addScore({ delta: 1 }), () => problem(422, "score_out_of_range"), "score_out_of_range"],
    ["a fault of the server", (c) => c.top(), () => problem(500, "internal"), "internal"],
  ])("but not %s", async (_, call, answer, code) => {
    const { client, seen } = serve([answer()]);
    expect(await failureOf(call(client))).toMatchObject({ name: "LeaderboardError", code });
    expect(seen).toHaveLength(1);
  });

  test("at most attemptsMax times, and not beyond totalMsMax", async () => {
    const often = serve(
      [1, 2, 3, 4].map(() => later(503, "unavailable")),
      { retry: { attemptsMax: 3 } },
    );
    expect(await failureOf(often.client.top())).toMatchObject({ code: "unavailable" });
    expect(often.seen).toHaveLength(3);
    await server?.stop(true);
    const long = serve([problem(429, "rate_limited", { "Retry-After": "31" })]);
    expect(await failureOf(long.client.top())).toMatchObject({ code: "rate_limited", retryAfter: 31 });
    expect(long.seen).toHaveLength(1);
  });

  test("until the signal is aborted, and then rejects with its reason", async () => {
    const aborter = new AbortController();
    const { client, seen } = serve([problem(429, "rate_limited", { "Retry-After": "9" })], {
      onRetry: () => aborter.abort("enough"),
    });
    expect(await failureOf(client.top({}, { signal: aborter.signal }))).toBe("enough");
    expect(await failureOf(client.addScore({ delta: 1 }, { signal: aborter.signal }))).toBe("enough");
    expect(seen).toHaveLength(1);
  });
});

describe("the error", () => {
  test("has the code, the status, the fields, the request id and the time to wait", async () => {
    const errors = [{ field: "delta", message: "must be a number" }];
    const body = { status: 400, code: "invalid_request", detail: "Not valid.", request_id: "the-id", errors };
    const headers = { "Content-Type": "application/problem+json" };
    const { client } = serve([new Response(JSON.stringify(body), { status: 400, headers })]);
    const error = await failureOf(client.addScore({ delta: 1 }));
    expect(error).toBeInstanceOf(LeaderboardError);
    expect(error).toMatchObject({
      code: "invalid_request",
      status: 400,
      message: "Not valid.",
      errors,
      requestId: "the-id",
      retryAfter: undefined,
    });
  });

  test("says whether the refusal is a kept one", async () => {
    const kept = problem(409, "entry_exists", { "Idempotent-Replayed": "true" });
    const { client } = serve([problem(409, "entry_exists"), kept]);
    expect(await failureOf(client.createScore({ initialScore: 1 }))).toMatchObject({ isReplay: false });
    expect(await failureOf(client.createScore({ initialScore: 1 }))).toMatchObject({ isReplay: true });
  });

  test("for a server that is down is no_answer, with the cause, and names the server alone", async () => {
    const client = createClient({ url: "http://ada:secret@127.0.0.1:1/games?key=secret", retry: { attemptsMax: 1 } });
    const error = await failureOf(client.top());
    const message = "The server at http://127.0.0.1:1 does not answer.";
    expect(error).toMatchObject({ code: "no_answer", status: 0, message });
    expect((error as LeaderboardError).cause).toBeInstanceOf(Error);
  });

  test("for a silent server is no_answer after the timeout", async () => {
    const silent = () => new Promise<Response>(() => {});
    const stalled = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: silent });
    const options = { timeoutMs: 30, retry: { attemptsMax: 2 } };
    const client = createClient({ url: `http://127.0.0.1:${stalled.port}`, ...options });
    expect(await failureOf(client.top())).toMatchObject({ code: "no_answer" });
    await stalled.stop(true);
  });

  test.each([
    ["a proxy's page", () => new Response("<html>", { status: 404, headers: { "Content-Type": "text/html" } }), 404],
    ["an answer that is not JSON", () => new Response("<html>"), 200],
  ])("for %s is not_understood", async (_, answer, status) => {
    const { client } = serve([answer()]);
    expect(await failureOf(client.top())).toMatchObject({ code: "not_understood", status });
  });
});

test("ready() resolves for a server that is not ready", async () => {
  const { client, seen } = serve([Response.json({ status: "unavailable" }, { status: 503 })]);
  expect(await client.ready()).toEqual({ status: "unavailable" });
  expect(seen).toHaveLength(1);
});
