import { afterEach, describe, expect, test } from "bun:test";
import { headerOf } from "../http/header-list.ts";
import type { Reply } from "../http/reply.ts";
import { openLink } from "./client.ts";
import {
  type AnswerHead,
  decodeFrame,
  encodeFrame,
  LINK_PATH,
  LINK_VERSION,
  type LinkRequest,
  type RequestHead,
} from "./frames.ts";
import { type AnswerLinked, createLinkServer, newLinkState } from "./server.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A ranker that takes links. */
function startRanker(answer: AnswerLinked, port = 0) {
  const links = createLinkServer(answer);
  const server = Bun.serve({
    port,
    hostname: "127.0.0.1",
    websocket: links.handler,
    fetch: (request, self) => (self.upgrade(request, { data: newLinkState() }) ? undefined : new Response("by HTTP")),
  });
  cleanups.push(() => server.stop(true));
  return { server, links, url: `http://127.0.0.1:${server.port}` };
}

async function linkTo(url: string) {
  const link = openLink(url);
  cleanups.push(() => link.close());
  await link.firstTry;
  const ask = (request: Partial<LinkRequest> = {}, timeoutMs = 5_000) =>
    link.send({ method: "GET", target: "/top", headers: [], body: new Uint8Array(), ...request }, timeoutMs);
  return { link, ask };
}

/** Looks again and again, a little later each time, until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await Bun.sleep(2);
}

const codeOf = (error: unknown) => (error as { code?: unknown }).code;
const never = () => new Promise<Reply>(() => {});
const replyOf = (body: Reply["body"], status = 200): Reply => ({ status, headers: {}, body });

test("requests at once share one connection, and each has its own answer, to the byte", async () => {
  const ranker = startRanker(async ({ method, target, headers, body }) => {
    await Bun.sleep(Number(headerOf(headers, "x-wait"))); // answers come in another order than requests
    const asked = { "x-asked": `${method} ${target} ${headerOf(headers, "x-n")}` };
    return { status: 201, headers: asked, body: body.toReversed() };
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
});

test("a ranker that comes up later gets its link", async () => {
  const first = startRanker(async () => replyOf("here"));
  const { port } = first.server;
  await first.server.stop(true);
  const { link } = await linkTo(first.url);
  expect(link.isOpen()).toBe(false);
  const again = startRanker(async () => replyOf("here"), port);
  expect(again.url).toBe(first.url);
  await until(() => link.isOpen());
});

test("an answer that does not come in time is LINK_TIMEOUT, and a link that was silent meanwhile is not used again", async () => {
  const ranker = startRanker(never);
  const { link, ask } = await linkTo(ranker.url);
  expect(await ask({}, 20)?.catch(codeOf)).toBe("LINK_TIMEOUT");
  expect(link.isOpen()).toBe(false);
  await until(() => link.isOpen());
});

test("one slow answer does not close the link while others come", async () => {
  const ranker = startRanker(({ target }) => (target === "/slow" ? never() : Promise.resolve(replyOf("quick"))));
  const { link, ask } = await linkTo(ranker.url);
  const slow = ask({ target: "/slow" }, 50)?.catch(codeOf);
  await ask();
  expect(await slow).toBe("LINK_TIMEOUT");
  expect(link.isOpen()).toBe(true);
});

test("a ranker that stops answers what it was asked, and is asked no more: not one request is lost", async () => {
  const going: PromiseWithResolvers<Reply>[] = [];
  const ranker = startRanker(() => {
    const answer = Promise.withResolvers<Reply>();
    going.push(answer);
    return answer.promise;
  });
  const { ask, link } = await linkTo(ranker.url);
  const asked = [ask(), ask()];
  await until(() => going.length === 2);
  const closed = ranker.links.close();
  await until(() => !link.isOpen());
  expect(ask()).toBeUndefined();
  for (const answer of going) answer.resolve(replyOf("done"));
  expect(await Promise.all(asked)).toMatchObject([{ status: 200 }, { status: 200 }]);
  await closed;
});

describe("one turn's requests are more than a frame holds", () => {
  test("by their heads: every one is answered, and the link stays", async () => {
    const ranker = startRanker(async () => replyOf("x"));
    const { link, ask } = await linkTo(ranker.url);
    const headers = ["x-a", "\u00fc".repeat(15 * 1024)];
    const answers = await Promise.all(Array.from({ length: 2_000 }, () => ask({ headers })?.catch(codeOf)));
    expect(answers.filter((answer) => (answer as { status?: number } | undefined)?.status !== 200)).toEqual([]);
    expect(link.isOpen()).toBe(true);
  });

  test("by their answers' heads and bodies: every one arrives, and the link stays", async () => {
    const ranker = startRanker(async () => ({
      status: 200,
      headers: { "x-a": "a".repeat(10_000) },
      body: "x".repeat(20_000),
    }));
    const { link, ask } = await linkTo(ranker.url);
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => ask()?.catch(codeOf)));
    expect(answers.filter((answer) => (answer as { status?: number } | undefined)?.status !== 200)).toEqual([]);
    expect(link.isOpen()).toBe(true);
  });
});

describe("a single item is more than a link takes", () => {
  test("an answer just below the bound arrives, also of three-byte characters", async () => {
    const text = "\u20ac".repeat(4_190_000);
    const ranker = startRanker(async () => replyOf(text));
    const { ask } = await linkTo(ranker.url);
    expect((await ask())?.body.byteLength).toBe(3 * text.length);
  });

  test("an answer is a problem to its caller alone", async () => {
    const ranker = startRanker(async ({ target }) => replyOf("x".repeat(target === "/large" ? 17 * 1024 * 1024 : 1)));
    const { link, ask } = await linkTo(ranker.url);
    const [large, small] = await Promise.all([ask({ target: "/large" }), ask()]);
    expect([large?.status, small?.status]).toEqual([500, 200]);
    expect(JSON.parse(new TextDecoder().decode(large?.body))).toMatchObject({ code: "internal" });
    expect(link.isOpen()).toBe(true);
  });
});

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
      if (parcels[0]?.head[0] !== undefined && parcels[0].head.length === 3) resolve(parcels.map(({ head }) => head));
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
  const ranker = startRanker(async () => replyOf("x"));
  const socket = new WebSocket(`ws://127.0.0.1:${ranker.server.port}${LINK_PATH}`);
  const { promise, resolve } = Promise.withResolvers<number>();
  socket.onclose = ({ code }) => resolve(code);
  socket.onopen = () => socket.send(message);
  expect(await promise).toBe(1007);
});

test("a server that lets an upgrade pass and sends no greeting is asked by HTTP", async () => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    websocket: { message() {} },
    fetch: (request, self) => (self.upgrade(request, { data: undefined }) ? undefined : new Response("plain")),
  });
  cleanups.push(() => server.stop(true));
  const { link, ask } = await linkTo(`http://127.0.0.1:${server.port}`);
  expect(link.isOpen()).toBe(false);
  expect(ask()).toBeUndefined();
});

test.each([
  ["no version, as before there was one", encodeFrame([])],
  ["a later version", encodeFrame([{ head: ["link", LINK_VERSION + 1], body: null }])],
])("a ranker that greets with %s is asked by HTTP", async (_, greeting) => {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    websocket: { open: (socket) => void socket.send(greeting), message() {} },
    fetch: (request, self) => (self.upgrade(request, { data: undefined }) ? undefined : new Response("plain")),
  });
  cleanups.push(() => server.stop(true));
  const { link, ask } = await linkTo(`http://127.0.0.1:${server.port}`);
  expect([link.isOpen(), ask()]).toEqual([false, undefined]);
});

test("an answer that is a stream is a problem: a stream goes by HTTP", async () => {
  const ranker = startRanker(async () => replyOf(new ReadableStream<Uint8Array>()));
  const { link, ask } = await linkTo(ranker.url);
  expect([(await ask())?.status, link.isOpen()]).toEqual([500, true]);
});
