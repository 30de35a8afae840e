import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import connect from "postgres";
import type { Entry } from "shared/api/entries";
import { createTokens } from "shared/auth/tokens";
import { awaitReady } from "shared/redis/redis";
import { forFile } from "testing/for-file";
import { clientOf, codeOf } from "testing/services/client";
import { runLb } from "testing/services/run-lb";
import { until } from "testing/until";
import { keysOf } from "testing/whole-store";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { REGIONS, startSite } from "../faults/site.ts";

const BOARDS = "main,weekly";
const site = await forFile(startSite({ drainers: 1, env: { BOARDS } }));
const client = clientOf(site.gateways[0]);
const root = client.as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600));

let named = 0;
/** A new player of a region, with a client that has the player's token. */
async function enter(region: string) {
  const userId = `player-${++named}`;
  const token = await client.register({ user_id: userId, name: `Name of ${userId}`, region });
  return { userId, ...client.as(token) };
}
type Player = Awaited<ReturnType<typeof enter>>;

const top = async (board: string, region = "GLOBAL") => (await client.top({ board, region })).entries;
const scores = (entries: readonly Entry[]) => entries.map(({ user_id, score }) => [user_id, score]);

/** Compares both stores on every board. */
async function expectEqualStores(): Promise<void> {
  await site.drained();
  const { code, out, err } = await runLb(["reconcile"], { ...site.storesEnv, BOARDS });
  expect({ code, out, err: code === 0 ? "" : err }).toMatchObject({ code: 0, err: "" });
  expect((await Promise.all(REGIONS.map((region) => site.client.llen(`queue:dead:{${region}}`)))).join()).toBe(
    "0,0,0,0",
  );
}

async function rowsOf(userId: string, region: string): Promise<string[]> {
  const sql = connect(site.postgresUrl(region), { max: 1 });
  try {
    const rows = await sql<{ board: string }[]>`SELECT board FROM leaderboard WHERE user_id = ${userId} ORDER BY board`;
    return rows.map(({ board }) => board);
  } finally {
    await sql.end();
  }
}

test("the data of a release that knew no revisions is read, written, hidden and erased as it is", async () => {
  const [ada, bob, cyd] = [await enter("EU"), await enter("NA"), await enter("EU")];
  for (const [n, player] of [ada, bob, cyd].entries()) {
    await player.setScore({ score: 10 + n });
    await player.setScore({ score: 20 + n, board: "weekly" });
  }
  await site.drained();
  const before = { main: await top("main"), weekly: await top("weekly") };

  // That release had the same keys but for these.
  const known = await keysOf(site.client, "boards:*");
  expect(known.toSorted()).toEqual(["boards:{EU}", "boards:{NA}"]);
  expect(await keysOf(site.client, "settings:*")).toEqual([]);
  for (const service of site.services) await service.stop();
  await site.client.del(...known);
  for (const service of site.services) await service.start();
  await until(() =>
    client.ready().then(
      ({ status }) => status === "ready",
      () => false,
    ),
  );

  expect({ main: await top("main"), weekly: await top("weekly") }).toEqual(before);
  expect(await keysOf(site.client, "boards:*")).toEqual([]);
  expect(await client.rank(cyd.userId, { board: "weekly" })).toMatchObject({ rank: 1, score: 22, total: 3 });

  // A player is hidden before any write has told the shard its boards.
  expect(await root.hidePlayer(cyd.userId)).toMatchObject({ boards: 2 });
  expect(scores(await top("weekly"))).toEqual([
    [bob.userId, 21],
    [ada.userId, 20],
  ]);
  expect(await ada.addScore({ delta: 5, board: "weekly" })).toMatchObject({ rank: 1, score: 25 });
  expect(await root.unhidePlayer(cyd.userId)).toMatchObject({ boards: 2 });
  expect(await client.rank(cyd.userId, { board: "weekly" })).toMatchObject({ rank: 2, score: 22 });
  expect(await root.erasePlayer(bob.userId)).toMatchObject({ entries: 2 });
  expect(scores(await top("weekly"))).toEqual([
    [ada.userId, 25],
    [cyd.userId, 22],
  ]);
  await expectEqualStores();
  expect([await rowsOf(bob.userId, "NA"), await rowsOf(ada.userId, "EU")]).toEqual([[], ["main", "weekly"]]);
}, 120_000);

describe("ten boards that an operator made", () => {
  const ids = Array.from({ length: 10 }, (_, n) => `race-${n}`);
  let players: Player[] = [];
  let ada: Player;
  let bob: Player;
  const definitions = async () => (await client.listBoards()).boards;

  test("are written in every region, and both stores have the same", async () => {
    [ada, bob] = [await enter("EU"), await enter("EU")];
    players = [
      ada,
      bob,
      ...(await Promise.all(["GLOBAL", "ASIA", "NA"].flatMap((region) => [enter(region), enter(region)]))),
    ];
    for (const [n, id] of ids.entries()) {
      await root.putBoard(id, { title: `Race ${n}`, operator: n % 2 === 0 ? "set" : "add", bounds: { max: 1_000 } });
    }
    for (const [k, player] of players.entries()) {
      for (const [n, board] of ids.entries()) await player.submitScore({ score: 100 * n + k, board });
    }
    expect(await codeOf((await enter("EU")).submitScore({ score: 1_001, board: "race-0" }))).toBe(
      "score_out_of_bounds",
    );
    for (const [n, board] of ids.entries()) {
      expect((await top(board)).map(({ score }) => score)).toEqual([7, 6, 5, 4, 3, 2, 1, 0].map((k) => 100 * n + k));
    }
    await expectEqualStores();
    expect(await rowsOf(ada.userId, "EU")).toEqual(ids);
  }, 120_000);

  test("are there again after Redis came back empty: definitions, ranks, ties and hidden players", async () => {
    // A tie, which arrival decides.
    await ada.setScore({ score: 999, board: "race-4" });
    await bob.setScore({ score: 999, board: "race-4" });
    await root.hidePlayer(ada.userId);
    await root.changeBoard("race-6", { bounds: { max: 700 } }, { ifMatch: (await client.readBoard("race-6")).rev });
    await site.drained();
    const before = { boards: await definitions(), tops: await Promise.all(ids.map((id) => top(id))) };

    const dir = ((await site.client.config("GET", "dir")) as string[])[1] ?? "";
    await site.redis.kill();
    await rm(join(dir, "appendonlydir"), { recursive: true });
    await site.redis.start();
    await awaitReady(site.client, 10_000);
    // Each region and the accounts are restored by themselves, and refuse writes until then.
    for (const player of players) {
      await until(
        () => codeOf(player.setScore({ score: 1 })),
        (code) => code === undefined,
      );
    }
    await until(() =>
      definitions().then(
        (boards) => boards.length === before.boards.length,
        () => false,
      ),
    );

    expect(await definitions()).toEqual(before.boards);
    expect(await Promise.all(ids.map((id) => top(id)))).toEqual(before.tops);
    expect(await codeOf(bob.setScore({ score: 701, board: "race-6" }))).toBe("score_out_of_bounds");
    expect(await bob.submitScore({ score: 5, board: "race-1" })).toMatchObject({ score: 106 });
    await root.unhidePlayer(ada.userId);
    expect(scores(await top("race-4")).slice(0, 2)).toEqual([
      [ada.userId, 999],
      [bob.userId, 999],
    ]);
    await expectEqualStores();
  }, 120_000);
});
