import { afterEach, expect, test } from "bun:test";
import { LeaderboardError } from "leaderboard-client";
import connect from "postgres";
import { createTokens } from "shared/auth/tokens";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { scratchRedis } from "testing/scratch";
import { clientOf } from "testing/services/client";
import { until } from "testing/until";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { REGIONS, startSite } from "../faults/site.ts";

// NA has a Redis of its own, which may be away.
const ofNa = await forFile(scratchRedis());
const env = { REDIS_URL_NA: ofNa.url };
const site = await forFile(startSite({ rankers: 2, gateways: 2, env }));
const [first, second] = site.gateways.map((gateway) => clientOf(gateway)) as [
  ReturnType<typeof clientOf>,
  ReturnType<typeof clientOf>,
];
const token = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600);
const [root, other] = [first.as(token), second.as(token)];
const databases = REGIONS.map((region) => connect(site.postgresUrl(region), { max: 1 }));
await forFile({ close: () => Promise.all(databases.map((sql) => sql.end({ timeout: 1 }))) });
const ask = async <R extends object>(text: string): Promise<R[]> =>
  (await Promise.all(databases.map((sql) => sql.unsafe<R[]>(text)))).flat();

const signalNa = (signal: "SIGSTOP" | "SIGCONT") => process.kill(ofNa.pid, signal);
afterEach(() => signalNa("SIGCONT"));

const players = await Promise.all(
  Array.from({ length: 12 }, async (_, n) => {
    const userId = `p-${n}`;
    const session = await first.register({ user_id: userId, name: `P ${n}`, region: REGIONS[1 + (n % 3)] ?? "EU" });
    return { userId, client: (n % 2 === 0 ? first : second).as(session) };
  }),
);
/** Writes of each season and player that were acknowledged, and those that may stand. */
const sums = new Map<string, number>();
let turn = 0;
async function write(): Promise<void> {
  const player = players[turn++ % players.length];
  if (player === undefined) return;
  const { season } = (await player.client.submitScore({ score: 1, board: "cup" })) as unknown as { season: number };
  const name = `${season} ${player.userId}`;
  sums.set(name, (sums.get(name) ?? 0) + 1);
}
const finals = () =>
  ask<{ season: number }>("SELECT season FROM seasons WHERE board = 'cup' AND state = 'final' ORDER BY season");
const codeOf = (error: unknown) => (error instanceof LeaderboardError ? error.code : error);
/** Asks once: a client would otherwise try again. */
async function endOnce(
  url: string,
  expected: number,
): Promise<{ status: number; code: string | undefined; ms: number }> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/boards/cup/seasons/current/end`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ expect: expected }),
  });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, code, ms: performance.now() - startedAt };
}

test("seasons are ended by hand while players write: by two operators at once, with a region away, by a ranker that is killed", async () => {
  await root.putBoard("cup", { season: { schedule: "0 0 1 1 *" }, operator: "add", operators: ["add"] });
  await until(async () => (await root.readBoard("cup")).running?.season === 1);
  const running = async () => (await root.readSeason("cup", "current")).season;
  {
    await using _writing = keepDoing(write, 4);
    await until(async () => sums.size === players.length);

    const both = await Promise.allSettled([root.endSeason("cup", 1), other.endSeason("cup", 1)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(codeOf(both.find((each) => each.status === "rejected")?.reason)).toBe("season_ended");
    expect(await running()).toBe(2);
    await until(async () => [...sums.keys()].filter((name) => name.startsWith("2 ")).length === players.length);
  }

  signalNa("SIGSTOP");
  const refused = await endOnce(site.gateways[0].url, 2);
  expect(refused).toMatchObject({ status: 503, code: "season_not_ended" });
  expect(refused.ms).toBeLessThan(1_000);
  signalNa("SIGCONT");
  await until(
    () => endOnce(site.gateways[0].url, 1),
    ({ code }) => code === "season_ended",
  );
  expect((await root.readSeason("cup", "current")).season).toBe(2);

  {
    await using _writing = keepDoing(write, 4);
    // The ranker is killed somewhere between the announcement and the answer.
    for (const ranker of site.rankers) {
      const expected = await running();
      const ending = endOnce(ranker.url, expected).catch(() => undefined);
      await until(async () => (await site.client.hget("seasons:{accounts}", "cup"))?.includes('"ending"') === true);
      await ranker.kill();
      await ending;
      await ranker.start();
      await until(async () => (await root.readBoard("cup").catch(() => undefined)) !== undefined);
      const ended = await until(
        () => root.endSeason("cup", expected).then(() => "ended", codeOf),
        (outcome) => outcome === "ended" || outcome === "season_ended",
      );
      expect(["ended", "season_ended"]).toContain(ended as string);
    }
  }
  const last = await running();
  await root.endSeason("cup", last);
  await until(finals, (rows) => rows.length >= last);
  const rows = await ask<{ season: number; user_id: string; score: string }>(
    "SELECT season, user_id, score FROM archived WHERE board = 'cup'",
  );
  const found = Object.fromEntries(rows.map(({ season, user_id, score }) => [`${season} ${user_id}`, Number(score)]));
  expect(found).toEqual(Object.fromEntries(sums));
  const late = await ask(
    `SELECT FROM archived JOIN ended_seasons AS ended USING (board, season, region)
     WHERE archived.updated_at < ended.starts_at OR archived.updated_at >= ended.ends_at`,
  );
  expect(late).toEqual([]);
}, 120_000);
