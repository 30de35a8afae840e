import { expect, test } from "bun:test";
import { LeaderboardError } from "leaderboard-client";
import type { RankView, TopView } from "shared/api/boards";
import type { SeasonsView } from "shared/api/seasons";
import { createTokens } from "shared/auth/tokens";
import { createTopology } from "shared/model/regions";
import { boardsKey, entryKeys } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { keepDoing } from "testing/keep-doing";
import { clientOf } from "testing/services/client";
import { until } from "testing/until";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { NO_LIMITS, REGIONS, startSite } from "../faults/site.ts";

const site = await forFile(startSite({ rankers: 2, env: NO_LIMITS }));
const { url } = site.gateways[0];
const client = clientOf({ url });
const root = client.as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600));
const { shards } = createTopology(REGIONS, 1, ["main"]);

const PLAYERS = 12;
/** Seasons that are read over their ends, until they have left Redis. */
const SEASONS = 3;
const EVERY_THREE_SECONDS = "*/3 * * * * *";

type Ranks = Map<string, { rank: number; score: number }>;
/** The whole seasons that readers may ask for, with what they have to find. */
const written = new Map<number, Ranks>();

/** Writes all players in the season that runs; one that ends meanwhile is not read. */
async function writeSeason(): Promise<number | undefined> {
  const season = (await client.top({ board: "cup", limit: 1 })).season ?? 0;
  if (written.has(season)) return undefined;
  const scores = Array.from({ length: PLAYERS }, (_, n) => ({ userId: `p-${n}`, score: ((n * 7 + season) % 13) * 10 }));
  for (const [n, { userId, score }] of scores.entries()) {
    const region = REGIONS[n % REGIONS.length] ?? "EU";
    try {
      await root.submitScoreFor({ user_id: userId, name: userId, board: "cup", season, score, region });
    } catch (error) {
      if (error instanceof LeaderboardError && error.code === "season_ended") return undefined;
      throw error;
    }
  }
  const sorted = scores.toSorted((a, b) => b.score - a.score);
  written.set(season, new Map(sorted.map(({ userId, score }, index) => [userId, { rank: index + 1, score }])));
  return season;
}

const refusals = new Map<string, number>();
let answered = 0;

/** Reads one of the seasons. @returns undefined for a 503 of archives */
async function read<T>(target: string): Promise<T | undefined> {
  const response = await fetch(url + target);
  const body = (await response.json()) as T & { code?: string };
  if (response.status === 200) {
    answered++;
    return body;
  }
  refusals.set(`${response.status} ${body.code}`, (refusals.get(`${response.status} ${body.code}`) ?? 0) + 1);
  return undefined;
}

let turn = 0;
async function readSome(): Promise<void> {
  const [season, ranks] = [...written].at(turn++ % Math.max(1, written.size)) ?? [];
  if (season === undefined || ranks === undefined) return void (await client.health());
  const question = `board=cup&season=${season}`;
  const places = [...ranks].map(([user_id, { rank, score }]) => ({ user_id, rank, score }));
  const top = await read<TopView>(`/top?${question}`);
  if (top !== undefined)
    expect({ ...top, entries: top.entries.map(toPlace) }).toMatchObject({ season, total: PLAYERS, entries: places });
  const place = places[turn % PLAYERS] ?? places[0];
  const rank = await read<RankView>(`/rank/${place?.user_id}?${question}`);
  if (rank !== undefined) expect(rank).toMatchObject({ ...place, total: PLAYERS, season });
  const second = await read<{ around: TopView["entries"] }>(`/around/${places[1]?.user_id}?range=2&${question}`);
  if (second !== undefined)
    expect(second.around.map(toPlace)).toEqual([places[0], ...places.slice(2, 5)] as typeof places);
}
const toPlace = ({ user_id, rank, score }: TopView["entries"][number]) => ({ user_id, rank, score });

test("a season is read exactly while it runs, closes, is archived and leaves Redis: each answer is right, or a 503", async () => {
  await root.putBoard("cup", { season: { schedule: EVERY_THREE_SECONDS } });
  await until(() =>
    client.top({ board: "cup" }).then(
      () => true,
      () => false,
    ),
  );
  const hasLeft = async (season: number) =>
    (await Promise.all(shards.map((shard) => site.client.exists(...entryKeys(shard, `cup@${season}`))))).every(
      (n) => n === 0,
    );
  {
    await using _reading = keepDoing(readSome, 6);
    while (written.size < SEASONS) await writeSeason();
    for (const season of [...written.keys()].slice(0, SEASONS)) await until(() => hasLeft(season));
    const before = answered;
    await until(async () => answered > before + 200, Boolean);
  }
  expect([...refusals.keys()].filter((refusal) => refusal !== "503 archives_unavailable")).toEqual([]);
  expect(answered).toBeGreaterThan(10 * ((refusals.get("503 archives_unavailable") ?? 0) + 1));
  for (const shard of shards) {
    expect(Number((await site.client.hget(boardsKey(shard), "cup"))?.split(" ")[3])).toBeGreaterThan(1);
  }
}, 90_000);

test("the seasons are listed newest first, page by page, each with its times and its total", async () => {
  const [oldest = 0] = written.keys();
  await until(
    () => client.readSeason("cup", oldest),
    ({ state }) => state === "final",
  );
  expect(await client.readSeason("cup", oldest)).toMatchObject({ board: "cup", season: oldest, total: PLAYERS });
  const all: SeasonsView["seasons"] = [];
  let cursor: string | undefined;
  do {
    const page: SeasonsView = await client.listSeasons(
      "cup",
      cursor === undefined ? { limit: 3 } : { limit: 3, cursor },
    );
    expect(page.seasons.length).toBeLessThanOrEqual(3);
    all.push(...page.seasons);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  const numbers = all.map(({ season }) => season);
  expect(numbers).toEqual(numbers.map((_, n) => (numbers[0] ?? 0) - n));
  expect(numbers.at(-1)).toBe(1);
  for (const [n, { ends_at, starts_at, state, total }] of all.entries()) {
    expect(Date.parse(starts_at ?? "")).toBeLessThan(Date.parse(ends_at ?? ""));
    if (n > 0) expect(ends_at).toBe(all[n - 1]?.starts_at ?? "");
    expect(total === null).toBe(state === "scheduled");
  }
  expect(all.filter(({ state }) => state === "running").length).toBeGreaterThan(0);
  const known = await fetch(`${url}/top?board=cup&season=${oldest}`);
  const etag = known.headers.get("ETag") ?? "";
  expect(known.headers.get("Cache-Control")).toBe("no-cache");
  for (const path of ["/top", "/rank/p-1", "/around/p-1"]) {
    const target = `${url}${path}?board=cup&season=${oldest}`;
    const own = path === "/top" ? etag : ((await fetch(target)).headers.get("ETag") ?? "");
    const again = await fetch(target, { headers: { "If-None-Match": own } });
    expect([again.status, await again.text(), again.headers.get("ETag")]).toEqual([304, "", own]);
  }
});
