import { expect, test } from "bun:test";
import { createClient, LeaderboardError } from "leaderboard-client";
import { createTokens } from "shared/auth/tokens";
import { forFile } from "testing/for-file";
import { until } from "testing/until";
import { TOKEN_OPTIONS } from "../../../gateway/test/gateway-under-test.ts";
import { NO_LIMITS, startSite } from "../../faults/site.ts";
import { enter } from "./enter.ts";
import { playSeasons } from "./play-seasons.ts";
import { createAcknowledged, describeEnded } from "./season-results.ts";
import { SEASONS_BOARD } from "./seasons-board.ts";

const site = await forFile(startSite({ rankers: 2, env: NO_LIMITS }));
const [{ url }] = site.gateways;
const client = createClient({ url });
const never = new AbortController().signal;
const admin = client.as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 600));

test("three seasons end while players play, each archived as it was acknowledged, and the board is gone then", async () => {
  const players = await Promise.all(
    ["EU", "NA", "ASIA", "GLOBAL"].map((region, n) =>
      enter(client, { user_id: `demo-${n}`, name: `N ${n}`, region }, undefined),
    ),
  );
  // One that an earlier demo left behind, with another schedule.
  await admin.putBoard(SEASONS_BOARD, { season: { schedule: "0 0 * * 1" } });
  const ended = await playSeasons(admin, players, { url, seconds: 6, concurrency: 4, json: true, signal: never });
  const [first] = ended;
  expect(ended.map(({ season }) => season)).toEqual([0, 1, 2].map((n) => (first?.season ?? 0) + n));
  for (const { players: count, winner, submits, different, final_after_ms } of ended) {
    expect(different).toEqual([]);
    expect(count).toBeLessThanOrEqual(4);
    expect(submits).toBeGreaterThanOrEqual(count);
    expect(winner?.user_id).toStartWith("demo-");
    expect(final_after_ms).toBeLessThan(20_000);
  }
  const left = await admin.readBoard(SEASONS_BOARD).catch((error: LeaderboardError) => error);
  expect(left).toBeInstanceOf(LeaderboardError);
}, 60_000);

test("a demo that is stopped while it plays deletes the board, too", async () => {
  const player = await enter(client, { user_id: "demo-0", name: "N 0", region: "EU" }, undefined);
  const stop = new AbortController();
  const options = { url, seconds: 180, concurrency: 2, json: true, signal: stop.signal };
  const playing = playSeasons(admin, [player], options).catch((error: Error) => error.message);
  await until(
    () => client.top({ board: SEASONS_BOARD }).catch(() => ({ total: 0 })),
    ({ total }) => total > 0,
  );
  stop.abort(new Error("stopped"));
  expect(await playing).toBe("stopped");
  expect(await admin.readBoard(SEASONS_BOARD).catch((error: LeaderboardError) => error.code)).toBe("board_not_found");
}, 60_000);

test("what was acknowledged is the newest entry of each player, in any order of answers", () => {
  const acknowledged = createAcknowledged();
  const entry = (user_id: string, score: number, micros: number, season: number) => ({
    user_id,
    name: user_id,
    region: "EU",
    rank: 1,
    score,
    season,
    changed: true,
    previous: null,
    updated_at: `2026-12-07T00:00:00.00000${micros}Z`,
  });
  for (const each of [entry("ada", 7, 2, 4), entry("ada", 3, 1, 4), entry("bob", 1, 3, 5)]) acknowledged.note(each);
  expect(acknowledged.seasons()).toEqual([4, 5]);
  expect([acknowledged.of(4).get("ada")?.score, acknowledged.submits(4)]).toEqual([7, 2]);
});

test("a season in words names the winner, or those whose archive differs", () => {
  const ended = { season: 4, submits: 1_203, players: 2, final_after_ms: 840, different: [] };
  const ada = { user_id: "ada", name: "Ada", score: 1_412 };
  expect([
    describeEnded({ ...ended, winner: ada }),
    describeEnded({ ...ended, submits: 0, players: 0, winner: null, different: ["bob"] }),
  ]).toEqual([
    "Season 4: Ada won with 1,412 (1,203 scores, 2 players). Final after 0.8 s; archived = acknowledged.",
    "Season 4: no player (0 scores, 0 players). Final after 0.8 s; DIFFERENT from what was acknowledged: bob.",
  ]);
});
