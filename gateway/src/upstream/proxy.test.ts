import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { freePort } from "stack/free-port";
import { getOf, postOf } from "../../test/outgoing-under-test.ts";
import type { Outgoing } from "./pass-on.ts";
import { forward } from "./proxy.ts";
import { createPool, type Pool } from "./upstreams.ts";

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** A ranker of the test's own. */
function upstream(answer: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: answer });
  opened.push(() => void server.stop(true));
  return `http://127.0.0.1:${server.port}`;
}

/** One that reads the request and then breaks the connection, or never answers. */
async function broken(kind: "breaks" | "silent", onRequest: () => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      onRequest();
      if (kind === "breaks") socket.destroy();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  opened.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

const refusing = async () => `http://127.0.0.1:${await freePort()}`;

function poolOf(...urls: string[]): Pool {
  const pool = createPool(urls);
  for (const each of pool.upstreams) each.isUp = true;
  return pool;
}

const encoder = new TextEncoder();
const get = getOf("/top");
const post = postOf("/top", '{"delta":1}');
const login: Outgoing = { ...post, target: "/auth/login", isWrite: false };
const keyed: Outgoing = { ...post, isRepeatable: true };
const text = (body: ArrayBuffer | Uint8Array | null) => new TextDecoder().decode(body ?? undefined);

test("status, headers and body arrive as the upstream sent them, and the request as the client sent it", async () => {
  const url = upstream(async (request) =>
    Response.json(
      {
        method: request.method,
        url: new URL(request.url).pathname + new URL(request.url).search,
        body: await request.text(),
      },
      { status: 201, headers: { "Idempotent-Replayed": "true" } },
    ),
  );
  const answer = await forward({ ...post, target: "/score/add?a=%20b" }, { pool: poolOf(url) });
  expect(answer.status).toBe(201);
  expect(answer.headers["idempotent-replayed"]).toBe("true");
  expect(answer.headers["x-upstream-addr"]).toBe(new URL(url).host);
  expect(JSON.parse(text(answer.body))).toEqual({ method: "POST", url: "/score/add?a=%20b", body: '{"delta":1}' });
});

test("a redirect is passed on to the client", async () => {
  const url = upstream(() => new Response(null, { status: 302, headers: { Location: "http://elsewhere/" } }));
  expect((await forward(get, { pool: poolOf(url) })).status).toBe(302);
});

describe("a connection that is refused", () => {
  test.each([
    ["a read", get],
    ["a write", post],
    ["a write under a key", keyed],
  ])("%s goes to another upstream, and the first one leaves the round", async (_, outgoing) => {
    const pool = poolOf(
      await refusing(),
      upstream(() => new Response("here")),
    );
    let retries = 0;
    const answer = await forward(outgoing, { pool, onRetry: () => void retries++ });
    expect([text(answer.body), retries]).toEqual(["here", 1]);
    expect(pool.upstreams.map(({ isUp }) => isUp)).toEqual([false, true]);
  });

  test("everywhere is unavailable: nothing was changed", async () => {
    const pool = poolOf(await refusing(), await refusing(), await refusing());
    await expect(forward(post, { pool })).rejects.toMatchObject({ code: "unavailable", status: 503 });
    expect(pool.upstreams.map(({ isUp }) => isUp)).toEqual([false, false, true]); // one retry, no more
  });
});

describe("a connection that breaks after the request was sent", () => {
  test.each([
    ["a read", get],
    ["a write under a key", keyed],
  ])("%s is sent once more, to another upstream", async (_, outgoing) => {
    let requests = 0;
    const pool = poolOf(
      await broken("breaks", () => requests++),
      upstream(() => new Response("here")),
    );
    expect(text((await forward(outgoing, { pool })).body)).toBe("here");
  });

  test("a write without a key is sent once, and its outcome is unknown", async () => {
    let requests = 0;
    let others = 0;
    const first = await broken("breaks", () => requests++);
    const other = upstream(() => new Response(String(others++)));
    await expect(forward(post, { pool: poolOf(first, other) })).rejects.toMatchObject({ code: "outcome_unknown" });
    expect([requests, others]).toEqual([1, 0]);
  });

  test("a login is sent once, and has changed nothing", async () => {
    let requests = 0;
    const first = await broken("breaks", () => requests++);
    const other = upstream(() => new Response(String(requests++)));
    await expect(forward(login, { pool: poolOf(first, other) })).rejects.toMatchObject({ code: "unavailable" });
    expect(requests).toBe(1);
  });

  test("a keyed write that breaks and then is refused may stand", async () => {
    const pool = poolOf(await broken("breaks", () => {}), await refusing());
    await expect(forward(keyed, { pool })).rejects.toMatchObject({ code: "outcome_unknown" });
  });
});

describe("an upstream that does not answer", () => {
  test("a read has its answer from another one within the second", async () => {
    const pool = poolOf(
      await broken("silent", () => {}),
      upstream(() => new Response("here")),
    );
    const startedAt = performance.now();
    expect(text((await forward(get, { pool })).body)).toBe("here");
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test("a write without a key is outcome_unknown within the second, and is not sent again", async () => {
    let others = 0;
    const other = upstream(() => new Response(String(others++)));
    const startedAt = performance.now();
    const sent = forward(post, { pool: poolOf(await broken("silent", () => {}), other) });
    await expect(sent).rejects.toMatchObject({ code: "outcome_unknown", headers: { "retry-after": "1" } });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(others).toBe(0);
  });

  test("an answer that breaks off in its middle is not passed on", async () => {
    const pool = poolOf(
      upstream(() => new Response(new ReadableStream({ start: (c) => c.enqueue(encoder.encode("half")) }))),
      upstream(() => new Response("whole")),
    );
    expect(text((await forward(get, { pool })).body)).toBe("whole");
  });
});

test("no upstream that is up is no_upstream", async () => {
  await expect(forward(get, { pool: createPool(["http://127.0.0.1:1"]) })).rejects.toMatchObject({
    code: "no_upstream",
    status: 503,
    headers: { "retry-after": "1" },
  });
});
