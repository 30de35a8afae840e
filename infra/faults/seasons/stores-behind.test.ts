import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { createTopology } from "shared/model/regions";
import { awaitReady, type Redis } from "shared/redis/redis";
import { freePort } from "stack/free-port";
import { startRedis } from "stack/redis";
import { scratchDir } from "stack/scratch-dir";
import { connectToServer } from "testing/redis/connect";
import { until } from "testing/until";
import { readDead } from "../../../drainer/src/dead/dead-events.ts";
import { scoreQueuesOf } from "../../../drainer/src/queues/queues.ts";
import { reportFault } from "../report.ts";
import { REGIONS, type Site, startSite } from "../site.ts";
import { nearBoundary } from "./expect-seasons.ts";
import { readHome, readRows, type SeasonRow } from "./read-seasons.ts";
import { startSeasonsBeside } from "./seasons-beside.ts";

const EVERY_MS = 3_000;
const options = { schedule: "*/3 * * * * *", hasKeys: false };
const queues = scoreQueuesOf(createTopology(REGIONS, 1, ["main"]));

interface Replica {
  port: number;
  redis: Redis;
  /** Stops following. */
  lag(): Promise<unknown>;
  dispose(): Promise<void>;
}

async function startReplica(site: Site): Promise<Replica> {
  const dir = await scratchDir();
  const following = ["--replicaof", "127.0.0.1", String(site.redis.port)];
  const server = await startRedis({ port: await freePort(), dir, args: following });
  const redis = await connectToServer(server.url);
  await until(async () => (await redis.info("replication")).includes("master_link_status:up"));
  return {
    port: server.port,
    redis,
    lag: () => redis.replicaof("NO", "ONE"),
    async dispose() {
      redis.disconnect();
      await server.kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Why the dead events of a Redis were refused. */
async function readReasons(redis: Redis): Promise<Set<string>> {
  const reasons = new Set<string>();
  for (const queue of queues) {
    for await (const page of readDead(redis, queue)) for (const { reason } of page) reasons.add(reason ?? "");
  }
  return reasons;
}

const archivedOf = (rows: readonly SeasonRow[], last: number) =>
  rows
    .filter(({ season }) => season <= last)
    .map(({ season, userId, score, updatedAt, rank }) => `${season} ${userId} ${score} ${updatedAt} ${rank}`)
    .toSorted();

test("a Redis that is emptied while a season closes has the seasons that run and close again, and no archive changes", async () => {
  const site = await startSite({ rankers: 2, drainers: 2 });
  try {
    const stores = { regions: REGIONS, redises: [site.client], postgresUrl: site.postgresUrl };
    const play = await startSeasonsBeside(site, options);
    const { board, history } = play;
    const finals = async () => (await readHome(stores, board)).filter((each) => each.state === "final");
    const read = async () => (await Promise.all(REGIONS.map((region) => readRows(stores, region, board)))).flat();
    await until(finals, ({ length }) => length > 0);
    await nearBoundary(EVERY_MS, 50);
    const last = (await finals()).at(-1)?.season ?? 0;
    const archived = archivedOf(await read(), last);
    await site.client.flushall();
    const enough = history.writes + 100;
    await until(async () => history.writes > enough);
    await nearBoundary(EVERY_MS, 500);
    await play.stop();
    await site.drained();
    expect(archivedOf(await read(), last)).toEqual(archived);
    const { verdict, finals: all } = await play.check();
    reportFault("Redis emptied while a season closes", 1, history, verdict, all.length);
    expect(verdict.faults.filter((fault) => !/lacks \d+ points/.test(fault))).toEqual([]);
    expect(verdict.doubled).toBe(0);
  } finally {
    await site.close();
  }
}, 120_000);

test.each(["final", "closing"] as const)(
  "a replica that lags over the end of a season takes over when that is %s: no archive changes, and none gets a later write",
  async (state) => {
    const site = await startSite({ rankers: 2, drainers: 2 });
    const replica = await startReplica(site);
    try {
      const stores = { regions: REGIONS, redises: [replica.redis], postgresUrl: site.postgresUrl };
      const play = await startSeasonsBeside(site, options);
      const { board, history } = play;
      const finals = async () => (await readHome(stores, board)).filter((each) => each.state === "final");
      const read = async () => (await Promise.all(REGIONS.map((region) => readRows(stores, region, board)))).flat();
      await until(async () => history.writes > 100);
      await nearBoundary(EVERY_MS, -500);
      await replica.lag();
      const before = await finals();
      await nearBoundary(EVERY_MS, 200);
      if (state === "final") await until(finals, ({ length }) => length > before.length);
      const archivedBefore = await finals();
      const last = archivedBefore.at(-1)?.season ?? 0;
      const archived = archivedOf(await read(), last);
      for (const { toRedis } of site.services) toRedis.redirect(replica.port);
      const enough = history.writes + 100;
      await until(async () => history.writes > enough);
      await nearBoundary(EVERY_MS, 500);
      await play.stop();
      await awaitReady(replica.redis, 5_000);
      for (const { queue } of queues) await until(async () => (await replica.redis.llen(queue)) === 0);
      expect(archivedOf(await read(), last)).toEqual(archived);
      const reasons = await readReasons(replica.redis);
      expect([...reasons].filter((reason) => !reason.includes("season_final"))).toEqual([]);
      const { verdict, finals: all } = await play.check(replica.redis);
      reportFault(
        `a replica takes over that lagged over the end of a season (${state})`,
        1,
        history,
        verdict,
        all.length,
      );
      // What neither the replica nor PostgreSQL has is lost, and nothing else is wrong.
      expect(verdict.faults.filter((fault) => !/lacks \d+ points/.test(fault))).toEqual([]);
      expect(verdict.doubled).toBe(0);
    } finally {
      await replica.dispose();
      await site.close();
    }
  },
  120_000,
);
