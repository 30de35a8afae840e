import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { toIsoTime } from "shared/base/times";
import type { BoardState } from "shared/model/board-changes";
import { createTopology, shardOf } from "shared/model/regions";
import { type EventStream, openEvents, type StreamEvent } from "testing/services/event-stream";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow, setNextVersion } from "../../test/season-board.ts";

let under: UnderTest;
beforeAll(async () => {
  under = await startUnderTest();
});
afterAll(() => under.close());

const [starts, ends, next] = [hoursFromNow(-1), hoursFromNow(1), hoursFromNow(2)];
const opened: (() => unknown)[] = [];
let ranker: Built;
let url: string;
beforeEach(async () => {
  await flushAll(under.redis);
  await defineSeasons(under.redis, { at: [starts, ends, next] });
  ({ ranker, url } = await start());
});
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

async function start() {
  const topology = createTopology(REGIONS, 1, ["main"]);
  const built = await under.build({ topology, live: { boardIntervalMs: 10, rankIntervalMs: 10 } });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) => built.app.fetch(request, { setIdleTimeout: (seconds) => self.timeout(request, seconds) }),
  });
  opened.push(() => server.stop(true));
  return { ranker: built, url: `http://127.0.0.1:${server.port}` };
}

async function open(path: string, lastEventId?: string, at = url): Promise<EventStream> {
  const stream = await openEvents(at + path, lastEventId === undefined ? {} : { "Last-Event-ID": lastEventId });
  opened.push(stream.close);
  return stream;
}

const set = (userId: string, value: number, region: string) =>
  ranker.submit(player(userId, region), { operation: "set", board: "cup", value });
/** The next version of the region's shard ends the season: its clock is ahead of the others'. */
const endOn = (region: string) => setNextVersion(under.redis, shardOf(ranker.topology, region, "ada"), ends);
function shown(event: StreamEvent | undefined) {
  const state = event?.data as BoardState | undefined;
  return [event?.event, state?.season, ...(state?.entries ?? []).map(({ user_id, score }) => `${user_id} ${score}`)];
}

test("a viewer who was away over the end gets the new season whole, from any ranker", async () => {
  await set("ada", 30, "EU");
  const first = await (await open("/live?board=cup")).next();
  expect(shown(first)).toEqual(["snapshot", 1, "ada 30"]);
  await endOn("EU");
  await set("bob", 5, "EU");
  const other = await start();
  const resumed = await open("/live?board=cup", first?.id, other.url);
  expect(shown(await resumed.next())).toEqual(["snapshot", 2, "bob 5"]);
  const again = await open("/live?board=cup", first?.id);
  expect((await again.next())?.event).toBe("season");
  expect(shown(await again.next())).toEqual(["snapshot", 2, "bob 5"]);
});

test("regions whose clocks differ begin the next season once for all viewers, and no viewer sees the old one again", async () => {
  await set("ada", 30, "EU");
  await set("nia", 40, "NA");
  const [all, na] = [await open("/live?board=cup"), await open("/live?board=cup&region=NA")];
  expect(shown(await all.next())).toEqual(["snapshot", 1, "nia 40", "ada 30"]);
  expect(shown(await na.next())).toEqual(["snapshot", 1, "nia 40"]);

  await endOn("EU");
  await set("bob", 5, "EU");
  const season = { season: 2, starts_at: toIsoTime(ends), ends_at: toIsoTime(next) };
  for (const stream of [all, na]) expect(await stream.next()).toMatchObject({ event: "season", data: season });
  expect(shown(await all.next())).toEqual(["snapshot", 2, "bob 5"]);
  expect(shown(await na.next())).toEqual(["snapshot", 2]);
  // By its own clock NA is in the first season still, longer than a ranker trusts what it knows.
  expect(await set("nia", 41, "NA")).toMatchObject({ entry: { season: 1 } });
  for (const startedAt = performance.now(); performance.now() - startedAt < 1_200; ) {
    expect(await ranker.boards.top("NA", "cup", 10)).toMatchObject({ season: 2, total: 0 });
  }

  await endOn("NA");
  await set("nia", 1, "NA");
  for (const stream of [all, na]) {
    expect(await stream.next()).toMatchObject({ event: "change", data: { entered: [{ user_id: "nia", score: 1 }] } });
  }
});

test("a player's stream says that the player is not ranked when the season ends, and the rank of the next one", async () => {
  await set("ada", 30, "EU");
  const stream = await open("/live/rank/ada?board=cup");
  expect(await stream.next()).toMatchObject({ event: "rank", data: { rank: 1, season: 1 } });
  await endOn("EU");
  await set("bob", 5, "EU");
  expect(await stream.next()).toMatchObject({ event: "not_ranked", data: { user_id: "ada" } });
  await set("ada", 4, "EU");
  expect(await stream.next()).toMatchObject({ event: "rank", data: { rank: 2, season: 2, score: 4 } });
});
