import { afterEach, describe, expect, test } from "bun:test";
import type { HotLane } from "shared/http/hot-routes";
import { type AnswerHead, decodeFrame, encodeFrame, LINK_PATH, type RequestHead } from "shared/link/frames";
import { createLinkServer, newLinkState } from "shared/link/server";
import { getOf, postOf } from "../../test/outgoing-under-test.ts";
import { createLinks, type LinkRequest } from "./links.ts";
import { forward, type Outgoing } from "./proxy.ts";
import { createPool } from "./upstreams.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Answer = (request: Request) => Response | Promise<Response>;

/** A ranker that takes links, and counts what comes by HTTP. */
function startRanker(answer: Answer, port = 0) {
  let byHttp = 0;
  const links = createLinkServer(answer);
  const server = Bun.serve({
    port,
    hostname: "127.0.0.1",
    websocket: links.handler,
    fetch(request, self) {
      if (request.url.endsWith(LINK_PATH) && self.upgrade(request, { data: newLinkState() })) return undefined;
      byHttp++;
      return answer(request);
    },
  });
  cleanups.push(() => server.stop(true));
  return { server, links, url: `http://127.0.0.1:${server.port}`, byHttp: () => byHttp };
}

async function linkTo(...urls: string[]) {
  const pool = createPool(urls);
  for (const upstream of pool.upstreams) upstream.isUp = true;
  const links = createLinks(pool);
  cleanups.push(() => links.close());
  await links.firstTry;
  const [upstream] = pool.upstreams;
  if (upstream === undefined) throw new Error("no upstream");
  const ask = (request: Partial<LinkRequest> = {}, timeoutMs = 5_000) =>
    links.ask(upstream, { method: "GET", target: "/top", headers: [], body: undefined, ...request }, timeoutMs);
  return { pool, links, upstream, ask };
}

/** Looks again and again, a little later each time, until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(2);
}

const codeOf = (error: unknown) => (error as { code?: unknown }).code;
const never = () => new Promise<Response>(() => {});

test("requests at once share one connection, and each has its own answer, to the byte", async () => {
  const ranker = startRanker(async (request) => {
    const body = new Uint8Array(await request.arrayBuffer());
    await Bun.sleep(Number(request.headers.get("x-wait"))); // answers come in another order than requests
    const headers = { "X-Asked": `${request.method} ${new URL(request.url).pathname} ${request.headers.get("x-n")}` };
    return new Response(body.reverse(), { status: 201, headers });
  });
  const { ask } = await linkTo(ranker.url);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      ask({
        method: "POST",
        target: `/p/${n}`,
        headers: ["x-n", `\u00fc${n}`, "x-wait", String(n % 3)],
        body: new Uint8Array([n, 255, 0]),
      }),
    ),
  );
  expect(answers).toHaveLength(50);
  for (const [n, answer] of answers.entries()) {
    expect(answer).toMatchObject({ status: 201, body: new Uint8Array([0, 255, n]) });
    expect(answer?.headers).toContain(`POST /p/${n} \u00fc${n}`);
  }
  expect(ranker.byHttp()).toBe(0);
});

test("an upstream that takes no links is asked by HTTP", async () => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("plain") });
  cleanups.push(() => server.stop(true));
  const { pool, links, ask } = await linkTo(`http://127.0.0.1:${server.port}`);
  expect(ask()).toBeUndefined();
  const { status, body } = await forward(getOf("/top"), { pool, links });
  expect([status, new TextDecoder().decode(body ?? undefined)]).toEqual([200, "plain"]);
});

test("an upstream that comes up later gets its link", async () => {
  const first = startRanker(() => new Response("here"));
  const { port } = first.server;
  await first.server.stop(true);
  const { links, upstream } = await linkTo(first.url);
  expect(links.open(upstream)).toBe(false);
  const again = startRanker(() => new Response("here"), port);
  expect(again.url).toBe(first.url);
  await until(() => links.open(upstream));
});

test("an answer that does not come in time is LINK_TIMEOUT, and a link that was silent meanwhile is not used again", async () => {
  const ranker = startRanker(never);
  const { links, upstream, ask } = await linkTo(ranker.url);
  expect(await ask({}, 20)?.catch(codeOf)).toBe("LINK_TIMEOUT");
  expect(links.open(upstream)).toBe(false);
  await until(() => links.open(upstream));
});

test("one slow answer costs nobody the link while others come", async () => {
  const ranker = startRanker((request) => (request.url.endsWith("/slow") ? never() : new Response("quick")));
  const { links, upstream, ask } = await linkTo(ranker.url);
  const slow = ask({ target: "/slow" }, 50)?.catch(codeOf);
  await ask();
  expect(await slow).toBe("LINK_TIMEOUT");
  expect(links.open(upstream)).toBe(true);
});

describe("a link that breaks", () => {
  const write = postOf("/score/add", "{}");
  const keyed: Outgoing = { ...write, headers: ["idempotency-key", "k"], isRepeatable: true };

  /** Two upstreams, the first of which breaks when it is asked. */
  async function breaking() {
    const arrived = Promise.withResolvers<void>();
    const first = startRanker(() => {
      arrived.resolve();
      return never();
    });
    const second = startRanker(() => new Response("second"));
    const built = await linkTo(first.url, second.url);
    void arrived.promise.then(() => first.server.stop(true));
    return built;
  }

  test("leaves a write as outcome_unknown", async () => {
    const { pool, links } = await breaking();
    await expect(forward(write, { pool, links })).rejects.toMatchObject({ code: "outcome_unknown" });
  });

  test("sends what may be repeated to another upstream", async () => {
    const { pool, links } = await breaking();
    const { body } = await forward(keyed, { pool, links });
    expect(new TextDecoder().decode(body ?? undefined)).toBe("second");
  });

  test("before a request has left leaves nothing in doubt: it goes to another upstream", async () => {
    const first = startRanker(never);
    const second = startRanker(() => new Response("second"));
    const { pool, links } = await linkTo(first.url, second.url);
    const answer = forward(write, { pool, links }); // waits for the end of this turn
    await first.server.stop(true);
    const outcome = await answer.catch(codeOf);
    expect(["outcome_unknown", expect.objectContaining({ status: 200 })]).toContainEqual(outcome);
  });
});

test("a ranker that stops answers what it was asked, and is asked no more: not one request is lost", async () => {
  const going: PromiseWithResolvers<Response>[] = [];
  const ranker = startRanker(() => {
    const answer = Promise.withResolvers<Response>();
    going.push(answer);
    return answer.promise;
  });
  const { ask, links, upstream } = await linkTo(ranker.url);
  const asked = [ask(), ask()];
  await until(() => going.length === 2);
  const closed = ranker.links.close();
  await until(() => !links.open(upstream));
  expect(ask()).toBeUndefined();
  for (const answer of going) answer.resolve(new Response("done"));
  expect(await Promise.all(asked)).toMatchObject([{ status: 200 }, { status: 200 }]);
  await closed;
});

describe("one turn's requests are more than a frame holds", () => {
  test("by their heads: every one is answered, and the link stays", async () => {
    const ranker = startRanker(() => new Response("x"));
    const { links, upstream, ask } = await linkTo(ranker.url);
    const headers = ["x-a", "\u00fc".repeat(15 * 1024)];
    const answers = await Promise.all(Array.from({ length: 2_000 }, () => ask({ headers })?.catch(codeOf)));
    expect(answers.filter((answer) => (answer as { status?: number } | undefined)?.status !== 200)).toEqual([]);
    expect([links.open(upstream), ranker.byHttp()]).toEqual([true, 0]);
  });

  test("by their answers' heads and bodies: every one arrives, and the link stays", async () => {
    const ranker = startRanker(() => new Response("x".repeat(20_000), { headers: { "X-A": "a".repeat(10_000) } }));
    const { links, upstream, ask } = await linkTo(ranker.url);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask()?.catch(codeOf)));
    expect(answers.filter((answer) => (answer as { status?: number } | undefined)?.status !== 200)).toEqual([]);
    expect(links.open(upstream)).toBe(true);
  });
});

describe("a single item is more than a link takes", () => {
  test("a request goes by HTTP, and others keep the link", async () => {
    const ranker = startRanker(async (request) => new Response(String((await request.arrayBuffer()).byteLength)));
    const { pool, links, upstream, ask } = await linkTo(ranker.url);
    const size = 17 * 1024 * 1024;
    const large = { ...postOf("/score/add", ""), body: new Uint8Array(size) };
    const small = ask();
    const { body } = await forward(large, { pool, links });
    expect([new TextDecoder().decode(body ?? undefined), (await small)?.status]).toEqual([String(size), 200]);
    expect([links.open(upstream), ranker.byHttp()]).toEqual([true, 1]);
  });

  test("an answer just below that arrives, of whatever characters it is", async () => {
    const text = "\u20ac".repeat(4_190_000);
    const lane: HotLane = {
      answer: () => undefined,
      answerLinked: async ([id]) => ({ head: [id, 200, []], body: text }),
    };
    const links = createLinkServer(() => new Response("x"), lane);
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      websocket: links.handler,
      fetch: (request, self) => (self.upgrade(request, { data: newLinkState() }) ? undefined : new Response("x")),
    });
    cleanups.push(() => server.stop(true));
    const { ask } = await linkTo(`http://127.0.0.1:${server.port}`);
    expect((await ask())?.body.byteLength).toBe(3 * text.length);
  });

  test("an answer is a problem to its caller alone", async () => {
    const ranker = startRanker(({ url }) => new Response("x".repeat(url.endsWith("/large") ? 17 * 1024 * 1024 : 1)));
    const { links, upstream, ask } = await linkTo(ranker.url);
    const [large, small] = await Promise.all([ask({ target: "/large" }), ask()]);
    expect([large?.status, small?.status]).toEqual([500, 200]);
    expect(JSON.parse(new TextDecoder().decode(large?.body))).toMatchObject({ code: "internal" });
    expect(links.open(upstream)).toBe(true);
  });
});

test("a request that a ranker cannot make costs its caller an answer, and the others nothing", async () => {
  const ranker = startRanker(() => new Response("x"));
  const { links, upstream, ask } = await linkTo(ranker.url);
  const [odd, plain] = await Promise.all([ask({ headers: ["no name", "x"] }), ask()]);
  expect([odd?.status, plain?.status, links.open(upstream)]).toEqual([500, 200, true]);
});

test.each(["/x/../players/ada", "/x\\players", "/%2e/top"])(
  "a target that a URL changes is marked: %s",
  async (target) => {
    const marked: boolean[] = [];
    const links = createLinkServer((_, { hasAmbiguousPath }) => {
      marked.push(hasAmbiguousPath);
      return new Response("x");
    });
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      websocket: links.handler,
      fetch: (request, self) => (self.upgrade(request, { data: newLinkState() }) ? undefined : new Response("x")),
    });
    cleanups.push(() => server.stop(true));
    const { ask } = await linkTo(`http://127.0.0.1:${server.port}`);
    await ask({ target });
    await ask({ target: "/rank/ada?a=/../%41" });
    expect(marked).toEqual([true, false]);
  },
);

test("a request beyond those that a ranker has under way at once is refused alone, and nothing of it is done", async () => {
  const underWayMax = 4_096;
  let begun = 0;
  const ranker = startRanker(() => {
    begun++;
    return never();
  });
  const socket = new WebSocket(`ws://127.0.0.1:${ranker.server.port}${LINK_PATH}`);
  cleanups.push(() => socket.close());
  socket.binaryType = "arraybuffer";
  const heads = Array.from({ length: underWayMax + 2 }, (_, n): RequestHead => [n + 1, "POST", "/score/add", []]);
  socket.onopen = () => socket.send(encodeFrame(heads.map((head) => ({ head, body: null }))));
  const answered = await new Promise<AnswerHead[]>((resolve) => {
    socket.onmessage = ({ data }) => {
      const parcels = decodeFrame<AnswerHead>(new Uint8Array(data as ArrayBuffer));
      if (parcels.length > 0) resolve(parcels.map(({ head }) => head));
    };
  });
  expect(answered.map(([id, status]) => [id, status])).toEqual([1, 2].map((n) => [underWayMax + n, 503]));
  expect([begun, socket.readyState]).toEqual([underWayMax, WebSocket.OPEN]);
});

test.each([
  ["text", "hello"],
  ["no frame", new Uint8Array([9, 9, 9, 9, 9])],
  ["a request that is none", new TextEncoder().encode("\x09\x00\x00\x00[[1,2],0]")],
])("a link over which comes %s is closed", async (_, message) => {
  const ranker = startRanker(() => new Response("x"));
  const socket = new WebSocket(`ws://127.0.0.1:${ranker.server.port}${LINK_PATH}`);
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.onclose = ({ code }) => resolve(code);
  socket.onopen = () => socket.send(message);
  expect(await promise).toBe(1007);
});

test("what lets an upgrade pass and no messages is asked by HTTP", async () => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    websocket: { message() {} },
    fetch: (request, self) => (self.upgrade(request, { data: undefined }) ? undefined : new Response("plain")),
  });
  cleanups.push(() => server.stop(true));
  const { links, upstream, ask } = await linkTo(`http://127.0.0.1:${server.port}`);
  expect(links.open(upstream)).toBe(false);
  expect(ask()).toBeUndefined();
});
