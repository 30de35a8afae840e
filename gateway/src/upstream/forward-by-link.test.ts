import { afterEach, describe, expect, test } from "bun:test";
import type { Reply } from "shared/http/reply";
import { LINK_PATH } from "shared/link/frames";
import { type AnswerLinked, createLinkServer, newLinkState } from "shared/link/server";
import { getOf, postOf } from "../../test/outgoing-under-test.ts";
import type { Outgoing } from "./pass-on.ts";
import { forward } from "./proxy.ts";
import { closeLinks, createPool, openLinks } from "./upstreams.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A ranker that takes links, and counts the requests that come by HTTP. */
function startRanker(answer: AnswerLinked) {
  let byHttp = 0;
  const links = createLinkServer(answer);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    websocket: links.handler,
    async fetch(request, self) {
      if (request.url.endsWith(LINK_PATH) && self.upgrade(request, { data: newLinkState() })) return undefined;
      byHttp++;
      return new Response(String((await request.arrayBuffer()).byteLength));
    },
  });
  cleanups.push(() => server.stop(true));
  return { server, url: `http://127.0.0.1:${server.port}`, byHttp: () => byHttp };
}

async function linkTo(...urls: string[]) {
  const pool = createPool(urls);
  for (const upstream of pool.upstreams) upstream.isUp = true;
  cleanups.push(() => closeLinks(pool));
  await openLinks(pool);
  return pool;
}

const codeOf = (error: unknown) => (error as { code?: unknown }).code;
const never = () => new Promise<Reply>(() => {});
const text = (body: ArrayBuffer | Uint8Array | null) => new TextDecoder().decode(body ?? undefined);

test("an upstream that takes no links is asked by HTTP", async () => {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("plain") });
  cleanups.push(() => server.stop(true));
  const pool = await linkTo(`http://127.0.0.1:${server.port}`);
  const { status, body } = await forward(getOf("/top"), { pool });
  expect([status, text(body)]).toEqual([200, "plain"]);
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
    const second = startRanker(async () => ({ status: 200, body: "second" }));
    const pool = await linkTo(first.url, second.url);
    void arrived.promise.then(() => first.server.stop(true));
    return pool;
  }

  test("leaves a write as outcome_unknown", async () => {
    const pool = await breaking();
    await expect(forward(write, { pool })).rejects.toMatchObject({ code: "outcome_unknown" });
  });

  test("sends what may be repeated to another upstream", async () => {
    const pool = await breaking();
    const { body } = await forward(keyed, { pool });
    expect(text(body)).toBe("second");
  });

  test("before a request has left leaves nothing in doubt: it goes to another upstream", async () => {
    const first = startRanker(never);
    const second = startRanker(async () => ({ status: 200, body: "second" }));
    const pool = await linkTo(first.url, second.url);
    const answer = forward(write, { pool }); // waits for the end of this turn
    await first.server.stop(true);
    const outcome = await answer.catch(codeOf);
    expect(["outcome_unknown", expect.objectContaining({ status: 200 })]).toContainEqual(outcome);
  });
});

test("a request that is too large for a link goes by HTTP", async () => {
  const ranker = startRanker(async () => ({ status: 200, body: "by link" }));
  const pool = await linkTo(ranker.url);
  const size = 17 * 1024 * 1024;
  const { body } = await forward({ ...postOf("/score/add", ""), body: new Uint8Array(size) }, { pool });
  const small = await forward(getOf("/top"), { pool });
  expect([text(body), text(small.body), ranker.byHttp()]).toEqual([String(size), "by link", 1]);
});
