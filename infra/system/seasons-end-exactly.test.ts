import { expect, test } from "bun:test";
import connect from "postgres";
import { createTokens } from "shared/auth/tokens";
import { createTopology } from "shared/model/regions";
import { boardsKey, entryKeys } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { clientOf } from "testing/services/client";
import { until } from "testing/until";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { REGIONS, type ServiceMember, startSite } from "../faults/site.ts";

const site = await forFile(startSite({ drainers: 2 }));
const [first] = site.drainers as [ServiceMember, ServiceMember];
const client = clientOf(site.gateways[0]);
const root = client.as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600));
const shards = createTopology(REGIONS, 1, ["main"]).shards;
/** Seasons of four seconds that have to be final, the last ones with a drainer killed between. */
const SEASONS = 4;

interface Row {
  season: number;
  user_id: string;
  score: string;
  rank: string;
}

const databases = REGIONS.map((region) => connect(site.postgresUrl(region), { max: 1 }));
await forFile({ close: () => Promise.all(databases.map((sql) => sql.end({ timeout: 1 }))) });
const ask = async <R extends object>(text: string): Promise<R[]> =>
  (await Promise.all(databases.map((sql) => sql.unsafe<R[]>(text)))).flat();

test("seasons end while players write and a drainer is killed, each archive has what was acknowledged, and nothing else", async () => {
  await root.putBoard("cup", { season: { schedule: "*/4 * * * * *" }, operator: "add", operators: ["add"] });
  const players = await Promise.all(
    Array.from({ length: 12 }, async (_, n) => {
      const userId = `p-${n}`;
      const token = await client.register({ user_id: userId, name: `P ${n}`, region: REGIONS[1 + (n % 3)] ?? "EU" });
      return { userId, client: client.as(token) };
    }),
  );
  /** What was acknowledged, by season and player. */
  const sums = new Map<string, number>();
  let turn = 0;
  const write = async () => {
    const player = players[turn++ % players.length];
    if (player === undefined) return;
    const { season } = (await player.client.submitScore({ score: 1, board: "cup" })) as unknown as { season: number };
    const name = `${season} ${player.userId}`;
    sums.set(name, (sums.get(name) ?? 0) + 1);
  };
  const finals = () =>
    ask<{ season: number }>("SELECT season FROM seasons WHERE board = 'cup' AND state = 'final' ORDER BY season");
  {
    await using _writing = keepDoing(write, 4);
    await until(finals, (rows) => rows.length >= 1);
    await first.kill();
    await until(finals, (rows) => rows.length >= SEASONS);
    await first.start();
  }
  const rows = await ask<Row>("SELECT season, user_id, score, rank FROM archived WHERE board = 'cup'");
  const found = new Map(rows.map(({ season, user_id, score }) => [`${season} ${user_id}`, Number(score)]));
  for (const { season } of await finals()) {
    for (const { userId } of players) {
      const name = `${season} ${userId}`;
      expect([name, found.get(name)]).toEqual([name, sums.get(name)]);
    }
  }
  const told = await ask<{ season: string }>("SELECT body ->> 'season' AS season FROM outbox");
  const numbers = told.map(({ season }) => Number(season)).sort((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, n) => n + 1));
  expect(await ask("SELECT FROM leaderboard WHERE board = 'cup@1'")).toEqual([]);
  for (const shard of shards) {
    expect(await site.client.exists(...entryKeys(shard, "cup@1"))).toBe(0);
    expect(await site.client.hget(boardsKey(shard), "cup")).toMatch(/^\d+ open \d+ /);
  }
}, 120_000);
