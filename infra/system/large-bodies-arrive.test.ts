import { expect, test } from "bun:test";
import { connect } from "node:net";
import type { WrittenScores } from "shared/api/scores";
import { createTokens } from "shared/auth/tokens";
import { forFile } from "testing/for-file";
import { statusesOf, toLines } from "testing/raw-connection";
import { clientOf } from "testing/services/client";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { NO_LIMITS, startSite } from "../faults/site.ts";

const site = await forFile(startSite({ env: NO_LIMITS }));
const [gateway, ranker] = [site.gateways[0], site.rankers[0]];
const token = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600);
const client = clientOf(gateway);
const root = client.as(token);
const BYTES_MAX = 3 * 1024 * 1024;

/** A bulk of exactly so many bytes, almost all of them metadata. */
function bulkOf(bytes: number): string {
  const text = "x".repeat(4096 - 8);
  const items = Array.from({ length: 200 }, (_, n) => ({
    user_id: `p-${n}`,
    region: "EU",
    score: n,
    board: "kept",
    metadata: { t: text },
  }));
  return JSON.stringify({ items }).padEnd(bytes);
}

const send = (url: string, body: string | ReadableStream) =>
  fetch(`${url}/scores`, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
  });
const forms: [string, (text: string) => string | ReadableStream][] = [
  ["of a known length", (text) => text],
  ["in chunks", (text) => new Blob([text]).stream()],
];
const places: [string, string][] = [
  ["through a gateway, by its link", gateway.url],
  ["at a ranker", ranker.url],
];

test.each(places.flatMap(([place, url]) => forms.map(([form, toBody]) => [place, form, url, toBody] as const)))(
  "a body of 3 MiB %s, %s, is read whole, and one byte more is refused by a 413 that says the bound",
  async (_place, _form, url, toBody) => {
    await root.putBoard("kept", { metadata_bytes_max: 4096 });
    const answer = await send(url, toBody(bulkOf(BYTES_MAX)));
    const { items } = (await answer.json()) as WrittenScores;
    expect([answer.status, new Set(items.map(({ status }) => status))]).toEqual([200, new Set([200])]);
    const refused = await send(url, toBody(bulkOf(BYTES_MAX + 1)));
    const said = { code: "body_too_large", detail: expect.stringContaining(String(BYTES_MAX)) };
    expect([refused.status, await refused.json()]).toMatchObject([413, said]);
    // Of other routes the bound is as it was.
    const small = await fetch(`${url}/score`, {
      method: "POST",
      body: toBody("x".repeat(17_000)),
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(small.status).toBe(url === ranker.url ? 415 : 413);
  },
  30_000,
);

test("a body that arrives slowly is read for longer than the 5 seconds of a small one", async () => {
  const body = bulkOf(900_000);
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  const head = ["Host: x", "Content-Type: application/json", `Authorization: Bearer ${token}`];
  socket.write(toLines("POST /scores HTTP/1.1", ...head, `Content-Length: ${body.length}`, "Connection: close", ""));
  let received = "";
  socket.on("data", (data) => {
    received += data;
  });
  const ended = new Promise((resolve) => socket.once("close", resolve));
  const [first, rest] = [body.slice(0, 100_000), body.slice(100_000)];
  socket.write(first);
  setTimeout(() => socket.write(rest), 6_000);
  await ended;
  expect(statusesOf(received)).toEqual([200]);
}, 30_000);

test("a live stream follows the entries that an operator removes and changes", async () => {
  const stop = new AbortController();
  const events = client.live({ board: "kept", region: "EU", limit: 3 }, { signal: stop.signal });
  const next = async () => (await events.next()).value;
  expect(await next()).toMatchObject({
    event: "snapshot",
    data: { total: 200, entries: [{ user_id: "p-199" }, {}, {}] },
  });
  await root.removeEntry("p-199", "kept");
  const left = { total: 199, left: [{ user_id: "p-199", region: "EU" }], entered: [{ user_id: "p-196" }] };
  expect(await next()).toMatchObject({ event: "change", data: left });
  await root.changeEntry("p-198", "kept", { name: "First" });
  expect(await next()).toMatchObject({
    event: "change",
    data: { changed: [{ user_id: "p-198", name: "First", rank: 1 }] },
  });
  const { around } = await client.around("p-198", { board: "kept", region: "EU", range: 1 });
  expect(around).toMatchObject([{ user_id: "p-197", rank: 2 }, { user_id: "p-196" }]);
  stop.abort();
});
