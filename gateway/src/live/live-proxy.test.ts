import { afterEach, describe, expect, test } from "bun:test";
import { createServer } from "node:net";
import type { Reply } from "shared/http/reply";
import { freePort } from "stack/free-port";
import { getOf } from "../../test/outgoing-under-test.ts";
import { createPool, type Pool } from "../upstream/upstreams.ts";
import { createLiveProxy, type LiveProxy } from "./live-proxy.ts";
import { createLiveSlots } from "./slots.ts";

const opened: (() => unknown)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

const get = getOf("/live");

function serve(answer: (request: Request) => Response): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  opened.push(() => void server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

/** A ranker whose streams are written to by the test. */
function serveStreams() {
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  let gone = 0;
  const url = serve(() => {
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        streams.push(controller);
        controller.enqueue(encode("hello"));
      },
      cancel: () => void gone++,
    });
    return new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
  });
  return { url, streams, gone: () => gone };
}

/** A ranker that accepts connections and never answers. */
async function serveSilence(): Promise<string> {
  const server = createServer((socket) => socket.on("error", () => {}));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  opened.push(() => server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

const encode = (text: string) => new TextEncoder().encode(text);

function createUnderTest(...urls: string[]) {
  const pool: Pool = createPool(urls);
  for (const each of pool.upstreams) each.isUp = true;
  const counts: number[] = [];
  const slots = createLiveSlots({ perAddress: 2, total: 3 });
  const proxy = createLiveProxy({ pool, slots, onStreams: (open) => void counts.push(open) });
  opened.push(() => proxy.close());
  return { pool, proxy, counts };
}

function open(proxy: LiveProxy, address = "192.0.2.1") {
  const client = new AbortController();
  let cuts = 0;
  const answer = proxy.open(get, {
    address,
    signal: client.signal,
    cut: () => void cuts++,
  });
  return { answer, client, cuts: () => cuts };
}

function reader({ body }: Reply) {
  if (!(body instanceof ReadableStream)) throw new Error("no stream");
  const chunks = body[Symbol.asyncIterator]();
  return async () => {
    const { done, value } = await chunks.next();
    return done === true ? "the end" : new TextDecoder().decode(value);
  };
}

test("a stream arrives as the ranker sends it, as soon as it sends it", async () => {
  const ranker = serveStreams();
  const { proxy, counts } = createUnderTest(ranker.url);
  const answer = await open(proxy).answer;
  expect([answer.status, answer.headers?.["content-type"]]).toEqual([200, "text/event-stream"]);
  expect(answer.headers?.["x-upstream-addr"]).toBe(new URL(ranker.url).host);
  const read = reader(answer);
  expect(await read()).toBe("hello");
  const next = read();
  ranker.streams[0]?.enqueue(encode("more"));
  expect(await next).toBe("more");
  ranker.streams[0]?.close();
  expect(await read()).toBe("the end");
  await answer.facts?.ended;
  expect(counts).toEqual([1, 0]);
});

test("a client that disconnects ends its stream at the ranker and frees its slot", async () => {
  const ranker = serveStreams();
  const { proxy } = createUnderTest(ranker.url);
  for (let n = 1; n <= 4; n++) {
    const { answer, client } = open(proxy);
    const read = reader(await answer);
    await read();
    void read();
    client.abort();
    await (await answer).facts?.ended;
    while (ranker.gone() < n) await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

test("a refusal is passed on whole and takes no slot", async () => {
  const { proxy } = createUnderTest(serve(() => Response.json({ code: "invalid_request" }, { status: 400 })));
  for (let n = 0; n < 4; n++) {
    const { status, body } = await open(proxy).answer;
    expect([status, await new Response(body as ArrayBuffer).json()]).toEqual([400, { code: "invalid_request" }]);
  }
});

describe("another ranker is tried", () => {
  test("if one refuses the connection, which is then marked as down", async () => {
    const ranker = serveStreams();
    const { proxy, pool } = createUnderTest(`http://127.0.0.1:${await freePort()}`, ranker.url);
    expect((await open(proxy).answer).status).toBe(200);
    expect(pool.upstreams.map(({ isUp }) => isUp)).toEqual([false, true]);
  });

  test("if one has no room or is stopping", async () => {
    const ranker = serveStreams();
    const full = serve(() => Response.json({ code: "unavailable" }, { status: 503 }));
    const { answer } = open(createUnderTest(full, ranker.url).proxy);
    expect((await answer).status).toBe(200);
    expect((await answer).facts?.upstream).toBe(new URL(ranker.url).host);
  });

  test("if one does not answer in time", async () => {
    const ranker = serveStreams();
    expect((await open(createUnderTest(await serveSilence(), ranker.url).proxy).answer).status).toBe(200);
  });
});

describe("if no ranker opens the stream", () => {
  test("the answer is the ranker's refusal, if there is one", async () => {
    const full = serve(() => Response.json({ code: "unavailable" }, { status: 503 }));
    const { proxy } = createUnderTest(full);
    for (let n = 0; n < 4; n++) expect((await open(proxy).answer).status).toBe(503);
  });

  test("the answer is a problem, and no slot stays taken", async () => {
    const { proxy } = createUnderTest(`http://127.0.0.1:${await freePort()}`);
    await expect(open(proxy).answer).rejects.toMatchObject({ code: "unavailable" });
    for (let n = 0; n < 4; n++) await expect(open(proxy).answer).rejects.toMatchObject({ code: "no_upstream" });
  });
});

test("the streams of one address and of all addresses are bounded", async () => {
  const { proxy } = createUnderTest(serveStreams().url);
  for (let n = 0; n < 2; n++) await open(proxy).answer;
  await expect(open(proxy).answer).rejects.toMatchObject({ code: "too_many_streams" });
  await open(proxy, "192.0.2.2").answer;
  await expect(open(proxy, "192.0.2.3").answer).rejects.toMatchObject({ code: "unavailable" });
});

test("the gateway reads nothing ahead of a client that does not read, so that its memory stays bounded", async () => {
  let pulled = 0;
  const url = serve(() => {
    const stream = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          await new Promise((resolve) => setImmediate(resolve));
          pulled++;
          controller.enqueue(new Uint8Array(64 * 1024));
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
  });
  const read = reader(await open(createUnderTest(url).proxy).answer);
  await read();
  // Until the gateway has read nothing for 200 turns.
  for (let idle = 0, last = -1; idle < 200; last = pulled) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    idle = pulled === last ? idle + 1 : 0;
    if (pulled > 2_000) throw new Error("the gateway reads what no client takes");
  }
});

test("close ends every stream and refuses new ones", async () => {
  const ranker = serveStreams();
  const { proxy } = createUnderTest(ranker.url);
  const waiting = await open(proxy).answer;
  const read = reader(waiting);
  await read();
  const next = read();
  const busy = open(proxy);
  await busy.answer;
  proxy.close();
  expect(await next).toBe("the end");
  await waiting.facts?.ended;
  await (await busy.answer).facts?.ended;
  expect(busy.cuts()).toBe(1);
  await expect(open(proxy).answer).rejects.toMatchObject({ code: "unavailable" });
});
