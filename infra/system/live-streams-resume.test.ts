import { expect, test } from "bun:test";
import { applyChanges, type BoardState, createClient } from "leaderboard-client";
import { forFile } from "testing/for-file";
import { openEvents } from "testing/services/event-stream";
import { sumMetric } from "testing/services/metrics";
import { until } from "testing/until";
import { type ServiceMember, startSite } from "../faults/site.ts";

const site = await forFile(startSite({ rankers: 2, drainers: 0, env: { LIVE_STREAMS_PER_ADDRESS: "10" } }));
const [gateway] = site.gateways;
const visitor = createClient({ url: gateway.url });
const ada = visitor.as((await visitor.register({ user_id: "ada", name: "Ada", region: "EU" })).token);

const rankerOf = (response: Response) => {
  const address = response.headers.get("X-Upstream-Addr");
  return site.rankers.find(({ url }) => new URL(url).host === address) as ServiceMember;
};
const untilAllUp = () => until(async () => (await ada.health()).upstreams?.every(({ up }) => up));
const lineOf = (path: string) => gateway.lines.filter((line) => line.includes(`"path":"${path}"`));

test("a score reaches viewers through the gateway, and the log has a line when a stream ends", async () => {
  await ada.addScore({ delta: 1 });
  const stream = await openEvents(`${gateway.url}/live?region=EU&limit=5`);
  expect(stream.response.headers.get("Cache-Control")).toBe("no-store, no-transform");
  expect(await stream.next()).toMatchObject({ event: "snapshot", data: { total: 1 } });
  await ada.addScore({ delta: 41 });
  expect(await stream.next()).toMatchObject({ event: "change", data: { changed: [{ user_id: "ada", score: 42 }] } });
  expect([await sumMetric(gateway, "leaderboard_gateway_live_streams"), lineOf("/live")]).toEqual([1, []]);
  stream.close();
  await until(async () => (await sumMetric(gateway, "leaderboard_gateway_live_streams")) === 0);
  for (const ranker of site.rankers) {
    await until(async () => (await sumMetric(ranker, "leaderboard_ranker_live_viewers")) === 0);
  }
  const [line] = await until(
    async () => lineOf("/live"),
    (lines) => lines.length > 0,
  );
  expect(JSON.parse(line ?? "")).toMatchObject({ msg: "request", status: 200, upstream: expect.any(String) });
});

test("a stream of a ranker that stops or is killed ends, and resumes at another ranker without a gap", async () => {
  const path = `${gateway.url}/live?limit=5`;
  for (const end of ["stop", "kill"] as const) {
    const stream = await openEvents(path);
    const first = await stream.next();
    const ranker = rankerOf(stream.response);
    const startedAt = performance.now();
    const ended = ranker[end]();
    expect(await stream.next()).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    const again = await openEvents(path, { "Last-Event-ID": first?.id ?? "" });
    expect([again.response.status, rankerOf(again.response) === ranker]).toEqual([200, false]);
    expect(await again.next("comment", "snapshot")).toEqual({ event: "comment", data: "up to date" });
    again.close();
    if (end === "stop") expect(await ended).toBe(0);
    await ended;
    await ranker.start();
    await untilAllUp();
  }
}, 30_000);

test("the client's iterator continues after kills of a ranker and a gateway, with what was written meanwhile", async () => {
  let state: BoardState | undefined;
  let served: Response | undefined;
  const client = createClient({
    url: gateway.url,
    async fetch(url, init) {
      served = await fetch(url, init);
      return served;
    },
  });
  const stream = client.live({ region: "EU", limit: 5 });
  async function untilScore(score: number | undefined): Promise<void> {
    while (state === undefined || state.entries[0]?.score !== score) {
      const { value, done } = await stream.next();
      expect(done).toBe(false);
      if (value?.event === "snapshot") state = value.data;
      else if (value?.event === "change" && state !== undefined) state = applyChanges(state, value.data);
    }
  }
  await untilScore((await ada.rank("ada")).score);
  for (const victim of ["ranker", "gateway"] as const) {
    const member = victim === "gateway" ? gateway : rankerOf(served ?? new Response());
    await member.kill();
    if (victim === "gateway") await member.start();
    const { score } = await ada.addScore({ delta: 1 });
    await untilScore(score);
    if (victim === "ranker") await member.start();
    await untilAllUp();
  }
  await stream.return();
  expect(state?.entries).toEqual((await ada.top({ region: "EU", limit: 5 })).entries);
}, 30_000);

test("a gateway that stops ends its streams at once, long before its deadline", async () => {
  const streams = await Promise.all(Array.from({ length: 5 }, () => openEvents(`${gateway.url}/live`)));
  for (const stream of streams) await stream.next();
  const startedAt = performance.now();
  const stopped = gateway.stop();
  for (const stream of streams) expect(await stream.next()).toBeUndefined();
  expect(await stopped).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  await gateway.start();
}, 30_000);

test("one address may open LIVE_STREAMS_PER_ADDRESS streams, and gets 429 for more", async () => {
  const streams = await Promise.all(Array.from({ length: 10 }, () => openEvents(`${gateway.url}/live`)));
  const refused = await fetch(`${gateway.url}/live`);
  expect([refused.status, refused.headers.get("Retry-After"), await refused.json()]).toMatchObject([
    429,
    "5",
    { code: "too_many_streams" },
  ]);
  for (const stream of streams) stream.close();
}, 30_000);
