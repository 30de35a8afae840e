import { heapStats } from "bun:jsc";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { scratchRedisClient } from "testing/scratch";
import { until } from "testing/until";
import { buildGatewayUnderTest } from "../../test/gateway-under-test.ts";

const BOARDS = 10_000;
const AT_ONCE = 50;

/** A ranker that has every board, and whose streams end after their first event. */
const ranker = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: ({ url }) =>
    url.includes("/live")
      ? new Response("event: snapshot\ndata: {}\n\n", { headers: { "Content-Type": "text/event-stream" } })
      : Response.json({}),
});
let server: Awaited<ReturnType<typeof scratchRedisClient>>;
let gateway: ReturnType<typeof buildGatewayUnderTest>;
beforeAll(async () => {
  server = await scratchRedisClient();
  gateway = buildGatewayUnderTest({ urls: [`http://127.0.0.1:${ranker.port}`], redis: server.redis });
});
afterAll(async () => {
  await ranker.stop(true);
  await server.dispose();
});

async function ask(target: string): Promise<void> {
  const response = await gateway.app.request(target, {}, { peer: "127.0.0.1" });
  expect([target, response.status]).toEqual([target, 200]);
  await response.text();
}

/** Reads boards in every way, from `from` to `to`. */
async function readBoards(from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += AT_ONCE) {
    const boards = Array.from({ length: Math.min(AT_ONCE, to - n) }, (_, i) => `board-${n + i}`);
    await Promise.all(boards.flatMap((board) => [`/top?board=${board}`, `/rank/ada?board=${board}`].map(ask)));
    await Promise.all(boards.slice(0, 5).map((board) => ask(`/live?board=${board}`)));
  }
}

async function heldObjects(): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  Bun.gc(true);
  return heapStats().objectCount;
}

test(`a gateway keeps nothing of ${BOARDS} boards that clients asked for, and has no metric for each`, async () => {
  await readBoards(0, 1_000); // what is made once, or up to a bound
  const series = async () => (await gateway.metrics.metrics()).split("\n").length;
  const [objects, lines] = [await heldObjects(), await series()];
  await readBoards(1_000, 1_000 + BOARDS);
  expect(await series()).toBe(lines);
  // The timeouts of the last second go within the next one. What stays would make this time out.
  await until(heldObjects, (held) => held - objects < BOARDS / 10);
}, 60_000);
