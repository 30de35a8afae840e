import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { applyChanges, type BoardChanges, type BoardState } from "leaderboard-client";
import { toIsoTime } from "shared/base/times";
import { limitedNetworks } from "shared/limits/limited-network";
import { createTopology, shardOf } from "shared/model/regions";

import { awaitReady, primariesOf } from "shared/redis/redis";
import { type EventStream, openEvents, type StreamEvent } from "testing/services/event-stream";

import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest, type UnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow, setNextVersion } from "../../test/season-board.ts";

const READY_TIMEOUT_MS = 10_000;

let under: UnderTest;
beforeAll(async () => {
  under = await startUnderTest();
});
afterAll(() => under.close());

let ranker: Built;
let url: string;
const opened: (() => unknown)[] = [];
beforeEach(async () => {
  // A stalled machine closes a silent connection: without this wait the next tests would fail, too.
  await awaitReady(under.redis, READY_TIMEOUT_MS);
  await flushAll(under.redis);
  ({ ranker, url } = await start());
});
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** A ranker on a port, as main.ts would have it. */
async function start() {
  const topology = createTopology(REGIONS, 2, ["main", "weekly"]);
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

const set = (userId: string, value: number, region = "EU", board = "main") =>
  ranker.submit(player(userId, region), { operation: "set", board, value });

const figure = async (name: string, of = ranker) =>
  Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, "m").exec(await of.metrics.metrics())?.[1] ?? 0);

/** Waits for a condition; the test's own time-out is the bound. */
async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setImmediate(resolve));
}

const namesOf = (event: StreamEvent | undefined) =>
  (event?.data as BoardState | undefined)?.entries.map(({ rank, user_id, score }) => [rank, user_id, score]);

describe("a board", () => {
  test("is sent whole, then every change: players who enter, leave or move, and new scores", async () => {
    await set("ada", 30);
    await set("bob", 20);
    const stream = await open("/live?region=eu&limit=2");
    expect(stream.response.headers.get("Content-Type")).toBe("text/event-stream");
    const first = await stream.next();
    expect(first).toMatchObject({ event: "snapshot", data: { region: "EU", board: "main", total: 2 } });
    expect(namesOf(first)).toEqual([
      [1, "ada", 30],
      [2, "bob", 20],
    ]);
    await set("cy", 40);
    expect(await stream.next()).toMatchObject({
      event: "change",
      data: {
        total: 3,
        entered: [{ rank: 1, user_id: "cy", name: "Name of cy", score: 40 }],
        changed: [],
        left: [{ user_id: "bob", region: "EU" }],
        moved: [{ user_id: "ada", region: "EU", rank: 2 }],
      },
    });
    await set("ada", 31);
    expect(await stream.next()).toMatchObject({
      data: { total: 3, changed: [{ user_id: "ada", rank: 2, score: 31 }] },
    });
  });

  test("with seasons says when another begins, and then shows it whole; a viewer who was away gets the same", async () => {
    const [starts, ends, next] = [hoursFromNow(-1), hoursFromNow(1), hoursFromNow(2)];
    await defineSeasons(under.redis, { at: [starts, ends, next] });
    await set("ada", 30, "EU", "cup");
    const stream = await open("/live?board=cup");
    const first = await stream.next();
    expect(first).toMatchObject({ event: "snapshot", data: { season: 1, ends_at: toIsoTime(ends), total: 1 } });
    await setNextVersion(under.redis, shardOf(ranker.topology, "EU", "bob"), ends);
    await set("bob", 5, "EU", "cup");
    const season = { season: 2, starts_at: toIsoTime(ends), ends_at: toIsoTime(next) };
    for (const each of [stream, await open("/live?board=cup", first?.id)]) {
      expect(await each.next("season")).toMatchObject({ data: season });
      const shown = await each.next("snapshot");
      expect(shown?.data).toMatchObject(season);
      expect(namesOf(shown)).toEqual([[1, "bob", 5]]);
    }
    await set("bob", 6, "EU", "cup");
    expect(await stream.next("change")).toMatchObject({ data: { changed: [{ user_id: "bob", score: 6 }] } });
  });

  test("ends equal to /top for every size, view and board, after any writes", async () => {
    const paths = ["?limit=3", "?limit=100", "?region=NA&limit=3", "?region=EU", "?board=weekly"];
    const streams = await Promise.all(paths.map((path) => open(`/live${path}`)));
    const writes = Array.from({ length: 300 }, (_, n) => {
      const region = n % 3 === 0 ? "NA" : "EU";
      return set(`${region}-${n % 17}`, (n * 7919) % 101, region, n % 5 === 0 ? "weekly" : "main");
    });
    const written = Promise.all(writes);
    await Promise.all(
      streams.map(async (stream, n) => {
        let state = (await stream.next("snapshot"))?.data as BoardState;
        await written;
        const { region, board } = state;
        const { total, entries } = await ranker.boards.top(region, board, [3, 100, 3, 20, 20][n] ?? 0);
        const goal = JSON.stringify({ region, board, total, entries });
        while (JSON.stringify(state) !== goal) {
          state = applyChanges(state, (await stream.next("change"))?.data as BoardChanges);
        }
      }),
    );
  });

  test("costs Redis the same for one viewer and for two hundred, and nothing without viewers", async () => {
    await set("ada", 1);
    const streams = await Promise.all(Array.from({ length: 200 }, () => open("/live")));
    const events = await Promise.all(streams.map((stream) => stream.next()));
    expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(1);
    expect(await figure("leaderboard_ranker_live_viewers")).toBe(200);
    const reads = await figure("leaderboard_ranker_live_reads_total");
    expect(reads).toBeLessThan(200);
    await set("ada", 2);
    const changes = await Promise.all(streams.map((stream) => stream.next()));
    expect(new Set(changes.map((event) => JSON.stringify(event))).size).toBe(1);

    for (const stream of streams) stream.close();
    await until(async () => (await figure("leaderboard_ranker_live_viewers")) === 0);
    const calls = async () => {
      const told = await Promise.all(primariesOf(under.redis).map((server) => server.info("commandstats")));
      return told.map((text) => /cmdstat_evalsha:calls=(\d+)/.exec(text)?.[1]);
    };
    const before = await calls();
    // As long as a watched board would take for a few reads.
    for (let n = 0; n < 20; n++) await under.redis.ping().then(() => new Promise((next) => setTimeout(next, 5)));
    expect(await calls()).toEqual(before);
  });

  test("without entries is an empty snapshot", async () => {
    expect(await (await open("/live?region=ASIA")).next()).toMatchObject({ data: { total: 0, entries: [] } });
  });
});

describe("a viewer that comes back", () => {
  test("with the id of the present state gets no snapshot, on this ranker or on another", async () => {
    await set("ada", 1);
    const first = await (await open("/live")).next();
    const other = await start();
    for (const at of [url, other.url]) {
      const stream = await open("/live", first?.id, at);
      expect(await stream.next("comment", "snapshot", "change")).toEqual({ event: "comment", data: "up to date" });
    }
  });

  test("with the id of an earlier state gets the changes where they are kept, and a snapshot elsewhere", async () => {
    await set("ada", 1);
    const stream = await open("/live");
    const first = await stream.next();
    await set("ada", 2);
    await stream.next("change");
    expect((await (await open("/live", first?.id)).next())?.event).toBe("change");
    const other = await start();
    expect((await (await open("/live", first?.id, other.url)).next())?.event).toBe("snapshot");
  });

  test("with the id in the query, as polyfills of EventSource send it, resumes as by the header, which comes first", async () => {
    await set("ada", 1);
    const upToDate = { event: "comment", data: "up to date" };
    for (const path of ["/live?region=EU&limit=5", "/live/rank/ada?region=EU"]) {
      const { id = "" } = (await (await open(path)).next()) ?? {};
      const queried = await open(`${path}&lastEventId=${id}&_=1764403200000`);
      expect(await queried.next("comment", "snapshot", "rank")).toEqual(upToDate);
      const both = await open(`${path}&lastEventId=1-0000000000000000`, id);
      expect(await both.next("comment", "snapshot", "rank")).toEqual(upToDate);
      for (const unknown of ["", "1-0000000000000000", "no%20id"]) {
        const begun = await open(`${path}&lastEventId=${unknown}`);
        expect((await begun.next("comment", "snapshot", "rank"))?.event).not.toBe("comment");
      }
      const twice = await open(`${path}&lastEventId=${id}&lastEventId=${id}`);
      expect([twice.response.status, await twice.response.json()]).toMatchObject([
        400,
        { errors: [{ field: "lastEventId" }] },
      ]);
    }
  });
});

test("no proxy may store, collect or compress a stream", async () => {
  await set("ada", 1);
  for (const path of ["/live", "/live/rank/ada"]) {
    const { headers } = (await open(path)).response;
    expect([headers.get("Cache-Control"), headers.get("X-Accel-Buffering")]).toEqual(["no-store, no-transform", "no"]);
  }
});

describe("a player's rank", () => {
  test("is sent, and sent again whenever it changes", async () => {
    await set("ada", 30);
    const stream = await open("/live/rank/ada?region=EU");
    expect(await stream.next()).toMatchObject({ event: "rank", data: { user_id: "ada", rank: 1, total: 1 } });
    await set("bob", 40);
    expect(await stream.next()).toMatchObject({ event: "rank", data: { rank: 2, total: 2, percentile: 50 } });
  });

  test("is 404 for a player who was never ranked, and an event for one who is ranked no more", async () => {
    const missing = await open("/live/rank/missing");
    expect([missing.response.status, await missing.response.json()]).toMatchObject([404, { code: "not_ranked" }]);
    await set("ada", 30);
    const stream = await open("/live/rank/ada");
    await stream.next();
    await flushAll(under.redis);
    expect(await stream.next()).toEqual({ event: "not_ranked", id: expect.any(String), data: { user_id: "ada" } });
  });
});

test("one household watches at most half of the players that a ranker has slots for, and one address a quarter", async () => {
  const built = await under.build({ live: { rankIntervalMs: 60_000 } });
  opened.push(() => built.live.close());
  const ids = Array.from({ length: 260 }, (_, n) => `p${n}`);
  await Promise.all(ids.map((id) => built.submit(player(id), { operation: "set", board: "main", value: 1 })));
  const watch = (id: string, client: string) =>
    built.live.watchRank("EU", "main", id, { networks: limitedNetworks(client), cut: () => {} });
  const watchAll = async (toClient: (n: number) => string) => {
    const streams = await Promise.allSettled(ids.map((id, n) => watch(id, toClient(n))));
    return streams.flatMap((stream) => (stream.status === "fulfilled" ? [stream.value] : []));
  };
  const household = await watchAll((n) => `2001:db8:1:${(n % 256).toString(16)}::1`);
  expect(household).toHaveLength(250);
  await expect(watch("p259", "2001:db8:1:7::1")).rejects.toMatchObject({ code: "too_many_streams", status: 429 });
  await watch("p259", "192.0.2.1"); // another network has room, and a second viewer of the same player needs no slot
  await watch("p259", "2001:db8:1:7::1");
  await Promise.all(household.map((stream) => stream.cancel()));
  expect(await watchAll(() => "198.51.100.7")).toHaveLength(125 + 1);
});

test("one address watches at most a quarter of the boards that a ranker has slots for, and gives them back", async () => {
  const boards = Array.from({ length: 260 }, (_, n) => `board-${n}`);
  const built = await under.build({
    topology: createTopology(["EU", "NA"], 1, ["main", ...boards]),
    live: { boardIntervalMs: 60_000 },
  });
  opened.push(() => built.live.close());
  const watch = (board: string, client: string) =>
    built.live.watchBoard("EU", board, 5, { networks: limitedNetworks(client), cut: () => {} });
  const streams = await Promise.all(boards.slice(0, 250).map((board) => watch(board, "198.51.100.7")));
  await expect(watch("board-250", "198.51.100.7")).rejects.toMatchObject({ code: "too_many_streams", status: 429 });
  await watch("board-0", "198.51.100.7"); // a second viewer of the same board needs no slot
  await watch("board-250", "192.0.2.1");
  await Promise.all(streams.slice(1).map((stream) => stream.cancel()));
  for (const board of boards.slice(251)) await watch(board, "198.51.100.7");
  // A board that is not there keeps no slot.
  await expect(watch("none", "192.0.2.1")).rejects.toMatchObject({ code: "board_not_found" });
});

test("a failing Redis is reported once, and the streams stay open and recover", async () => {
  await set("ada", 1);
  const stream = await open("/live?region=EU");
  await stream.next();
  await under.redis.rename("leaderboard:{EU.0}", "aside").catch(() => {});
  await under.redis.set("leaderboard:{EU.0}", "no ranking");
  expect(await stream.next()).toMatchObject({ event: "stale", data: { code: "internal" } });
  await under.redis.del("leaderboard:{EU.0}");
  await set("bob", 2);
  expect((await stream.next())?.event).toBe("change");
});

test("a stopping ranker ends every stream with a time to reconnect, and refuses new ones", async () => {
  await set("ada", 1);
  const streams = await Promise.all([open("/live"), open("/live/rank/ada")]);
  for (const stream of streams) await stream.next();
  ranker.live.close();
  for (const stream of streams) {
    const hint = await stream.next("retry");
    expect(hint?.data).toBeGreaterThanOrEqual(700);
    expect(await stream.next()).toBeUndefined();
  }
  const refused = await open("/live");
  expect([refused.response.status, refused.response.headers.get("Retry-After")]).toEqual([503, "1"]);
});

test("a board that is not there is 404, and no stream is opened", async () => {
  for (const path of ["/live?board=none", "/live/rank/ada?board=none"]) {
    const { response } = await open(path);
    expect([response.status, await response.json()]).toMatchObject([404, { code: "board_not_found" }]);
  }
  expect(await figure("leaderboard_ranker_live_viewers")).toBe(0);
});

test("the streams of a board that is deleted say so and end, and its viewers are refused", async () => {
  const admin = { Authorization: `Bearer ${await ranker.tokens.issueOperator({ name: "root" }, 600)}` };
  const change = (method: string) => ranker.app.request("/boards/cup", { method, headers: admin });
  expect((await change("PUT")).status).toBe(201);
  await set("ada", 1, "EU", "cup");
  const paths = ["/live?board=cup", "/live?board=cup&limit=5", "/live/rank/ada?board=cup"];
  const streams = await Promise.all([...paths, "/live"].map((path) => open(path)));
  for (const stream of streams) await stream.next();
  const [main] = streams.slice(-1);
  expect((await change("DELETE")).status).toBe(202);
  for (const stream of streams.slice(0, -1)) {
    expect(await stream.next()).toMatchObject({ event: "stale", data: { code: "board_not_found" } });
    expect(await stream.next()).toBeUndefined();
  }
  for (const path of paths) expect((await open(path)).response.status).toBe(404);
  await set("ada", 2);
  expect(await main?.next()).toMatchObject({ event: "change" });
  expect(await figure("leaderboard_ranker_live_viewers")).toBe(1);
});

test("HEAD answers the headers of the stream, and ends", async () => {
  const response = await fetch(`${url}/live`, { method: "HEAD" });
  expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "text/event-stream"]);
  expect(await figure("leaderboard_ranker_live_viewers")).toBe(0);
});

test.each(["limit=0", "limit=101", "limit=1e1", "limit=", "region=MARS", "board=NONE", "x=1", "limit=1&limit=2"])(
  "%s is refused",
  async (query) => {
    const { response } = await open(`/live?${query}`);
    expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_request" }]);
  },
);
