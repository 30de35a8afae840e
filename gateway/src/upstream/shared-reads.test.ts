import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { App } from "shared/http/serve";
import { scratchRedisClient } from "testing/scratch";
import { buildGatewayUnderTest } from "../../test/gateway-under-test.ts";

let server: Awaited<ReturnType<typeof scratchRedisClient>>;
let gateway: App;
let arrived: string[] = [];
let headersSeen: Headers[] = [];
/** A ranker that numbers its answers, and refuses a limit of 0 as ours do. */
const ranker = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch({ url, headers }) {
    const { pathname, search } = new URL(url);
    arrived.push(pathname + search);
    headersSeen.push(headers);
    const [id, n] = [headers.get("X-Request-Id"), arrived.length];
    const status = search === "?limit=0" ? 400 : 200;
    const answer = Response.json({ id, n }, { status, headers: { "X-Request-Id": `${id}` } });
    if (search.includes("season")) answer.headers.set("ETag", '"tag"');
    return answer;
  },
});
beforeAll(async () => {
  server = await scratchRedisClient();
  gateway = buildGatewayUnderTest({ urls: [`http://127.0.0.1:${ranker.port}`], redis: server.redis }).app;
});
afterAll(async () => {
  await ranker.stop(true);
  await server.dispose();
});
beforeEach(() => {
  arrived = [];
  headersSeen = [];
});

async function ask(path: string, headers: Record<string, string> = {}) {
  const response = await gateway.request(path, { headers }, { peer: "127.0.0.1" });
  const [id, upstream] = ["X-Request-Id", "X-Upstream-Addr"].map((name) => response.headers.get(name));
  return { status: response.status, id, upstream, body: (await response.json()) as { id: string; n: number } };
}

test("requests for the same top at the same time share one request to a ranker, and each is answered under its own id", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask("/top?limit=5")));
  expect(arrived).toEqual(["/top?limit=5"]);
  expect(new Set(answers.map(({ id }) => id)).size).toBe(20);
  for (const { status, upstream, body } of answers) {
    expect([status, upstream, body.n]).toEqual([200, `127.0.0.1:${ranker.port}`, 1]);
  }
});

test("requests that differ in the number alone that jQuery adds share one, too", async () => {
  await Promise.all(Array.from({ length: 5 }, (_, n) => ask(`/top?limit=5&_=${1_764_403_200_000 + n}`)));
  expect(arrived).toEqual(["/top?limit=5&_=1764403200000"]);
});

test("another query is another question, and so is a later one", async () => {
  await Promise.all([ask("/top"), ask("/top?limit=5"), ask("/top?limit=6")]);
  await ask("/top");
  expect(arrived.toSorted()).toEqual(["/top", "/top", "/top?limit=5", "/top?limit=6"]);
});

test("a refusal is not shared: it names the request that it refuses", async () => {
  const answers = await Promise.all(Array.from({ length: 3 }, () => ask("/top?limit=0")));
  for (const { status, id, body } of answers) expect([status, body.id]).toEqual([400, id ?? ""]);
});

test("of callers who share an answer, each that has it is told so", async () => {
  const askFor = (tag?: string) =>
    gateway.request(
      "/top?season=1",
      { headers: tag === undefined ? {} : { "If-None-Match": tag } },
      { peer: "127.0.0.1" },
    );
  const answers = await Promise.all([askFor('"tag"'), askFor(), askFor('"old"'), askFor('"old", W/"tag"')]);
  expect(arrived).toEqual(["/top?season=1"]);
  expect(headersSeen[0]?.get("If-None-Match")).toBeNull();
  expect(answers.map(({ status }) => status)).toEqual([304, 200, 200, 304]);
  for (const answer of answers) {
    expect(answer.headers.get("ETag")).toBe('"tag"');
    expect((await answer.text()) === "").toBe(answer.status === 304);
  }
});

test("ranks of players are asked for one by one", async () => {
  await Promise.all([ask("/rank/ada"), ask("/rank/ada")]);
  expect(arrived).toEqual(["/rank/ada", "/rank/ada"]);
});

const largeHead = () => ({ "X-A": "a".repeat(15_500) });

test("a head that is too large is refused to its caller alone, whether that caller asks first or joins", async () => {
  const callers = [largeHead(), {}, largeHead(), {}, {}];
  const answers = await Promise.all(callers.map((headers) => ask("/top?limit=7", headers)));
  expect(answers.map(({ status }) => status)).toEqual([431, 200, 431, 200, 200]);
  expect(arrived).toEqual(["/top?limit=7"]);
});

test("a request with a token shares none, and passes its token on", async () => {
  const tokens = ["Bearer a", "Bearer b"];
  const bodies = await Promise.all(
    [{}, ...tokens.map((Authorization) => ({ Authorization })), {}].map((headers) => ask("/top?limit=9", headers)),
  );
  expect(headersSeen.map((headers) => headers.get("Authorization")).toSorted()).toEqual([...tokens, null]);
  expect(bodies[0]?.body).toEqual(bodies[3]?.body as never);
});

test("the upstream request of a shared read carries a request id and nothing else of a caller", async () => {
  const own = { Cookie: "a=b", "X-Own": "1", Accept: "text/plain", Range: "bytes=0-1" };
  await Promise.all([ask("/top?limit=8", { ...own, "X-Request-Id": "first" }), ask("/top?limit=8", own)]);
  const [seen] = headersSeen;
  expect(seen?.get("X-Request-Id")).toBe("first");
  for (const name of [...Object.keys(own).filter((each) => each !== "Accept"), "X-Real-IP", "X-Forwarded-For"]) {
    expect([name, seen?.get(name) ?? null]).toEqual([name, null]);
  }
  expect(seen?.get("Accept")).not.toBe("text/plain");
});
