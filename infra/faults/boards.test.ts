import { expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import connect from "postgres";
import type { BoardsView, BoardView } from "shared/api/definitions";
import { createTokens } from "shared/auth/tokens";
import { boardsKey, entryKeys, settingsKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { readPostgresEntries, readRedisEntries } from "testing/read-entries";
import { clientOf } from "testing/services/client";
import { until } from "testing/until";
import { keysOf } from "testing/whole-store";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { startBoardChurn } from "./board-churn.ts";
import { scaled } from "./scale.ts";
import { REGIONS, startSite } from "./site.ts";
import { expectNothingLost } from "./under-load.ts";

const site = await forFile(startSite({ rankers: 2, gateways: 2, drainers: 2 }));
const client = clientOf(site.gateways[0]);
const adminToken = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600);
const admin = client.as(adminToken);
const shards = REGIONS.map((region) => ({ region, partition: 0, tag: region }));

const STAYS = "stays";
const CHANGING = ["c-0", "c-1", "c-2"];
const VICTIMS = [site.rankers[0], site.drainers[0], site.redis, site.postgres] as const;

async function enterAll() {
  const ids = REGIONS.flatMap((region) => [1, 2].map((n) => ({ userId: `on-${region}-${n}`, region })));
  return Promise.all(
    ids.map(async ({ userId, region }) => ({
      userId,
      token: await client.register({ user_id: userId, name: userId, region }),
    })),
  );
}

/** The ids of all boards that have a row in a database. */
async function boardsWithRows(region: string): Promise<string[]> {
  const sql = connect(site.postgresUrl(region), { max: 1 });
  try {
    const rows = await sql<{ board: string }[]>`SELECT DISTINCT board FROM leaderboard ORDER BY board`;
    return rows.map(({ board }) => board);
  } finally {
    await sql.end();
  }
}

/** Compares both stores on a board. @returns the scores by player */
async function readBoth(board: string): Promise<Map<string, number>> {
  const scores = new Map<string, number>();
  for (const region of REGIONS) {
    const inRedis = await readRedisEntries(site.client, region, board);
    const inPostgres = await readPostgresEntries(site.postgresUrl(region), board);
    expect([board, region, inPostgres.map(({ text }) => text)]).toEqual([
      board,
      region,
      inRedis.map(({ text }) => text),
    ]);
    for (const { userId, score } of inRedis) scores.set(userId, score);
  }
  return scores;
}

/** Asks every ranker for all its boards. */
async function listed(): Promise<string[][]> {
  return Promise.all(
    site.rankers.map(async ({ url }) => {
      const { boards } = (await (await fetch(`${url}/boards`)).json()) as BoardsView;
      return boards.map(({ id }) => id).toSorted();
    }),
  );
}

test("boards are made, changed and deleted while processes are killed: none is half there, none is lost", async () => {
  await admin.putBoard(STAYS);
  const players = await enterAll();
  const urls = site.gateways.map(({ url }) => url);
  const churn = startBoardChurn({ urls, adminToken, players, stays: STAYS, changing: CHANGING });
  const times = scaled(VICTIMS.length, 5 * VICTIMS.length);
  let states = new Map<string, string>();
  await expectNothingLost(site, {
    name: "kill -9 of each process while boards are made, changed and deleted",
    times,
    load: { lanes: 4, pauseMs: 20 },
    async inject(_load, _history, n) {
      await delay(Math.random() * 1_500);
      await VICTIMS[n % VICTIMS.length]?.crash();
      const enough = churn.deleted + 1;
      await until(async () => churn.deleted >= enough);
    },
    async repair() {
      states = await churn.stop();
    },
  }).finally(() => churn.stop());
  expect(churn.surprises).toEqual([]);
  expect(churn.deleted).toBeGreaterThanOrEqual(times);

  // Every deletion comes to its end.
  const settingOf = async (id: string) => (await site.client.hget(settingsKey("boards"), id)) ?? "";
  const gone = [...states].filter(([, state]) => state === "deleted").map(([id]) => id);
  for (const id of gone) await until(async () => (await settingOf(id)).endsWith(" null"));
  await site.drained();
  const open = [...states].filter(([, state]) => state === "open").map(([id]) => id);
  expect(await listed()).toEqual(Array(2).fill([...open, "main", STAYS].toSorted()));
  for (const id of gone) {
    for (const shard of shards) expect(await site.client.exists(...entryKeys(shard, id))).toBe(0);
    expect(await keysOf(site.client, `*:${id}`)).toEqual([]);
    for (const { url } of site.rankers) expect((await fetch(`${url}/top?board=${id}`)).status).toBe(404);
  }
  for (const region of REGIONS) for (const id of await boardsWithRows(region)) expect(gone).not.toContain(id);
  for (const id of [...open, STAYS]) {
    for (const { url } of site.rankers) {
      const { rev } = (await (await fetch(`${url}/boards/${id}`)).json()) as BoardView;
      for (const shard of shards) expect(await site.client.hget(boardsKey(shard), id)).toBeOneOf([`${rev} open`, null]);
    }
    const scores = await readBoth(id);
    if (id === STAYS) expect(churn.history.judge(scores)).toEqual({ lost: 0, doubled: 0, faults: [] });
    else expect(scores.size).toBe(players.length);
  }
}, 180_000);
