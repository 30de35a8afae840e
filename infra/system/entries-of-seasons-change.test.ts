import { expect, test } from "bun:test";
import { LeaderboardError } from "leaderboard-client";
import connect from "postgres";
import { createTokens } from "shared/auth/tokens";
import { rankingIn, userIdIn, versionIn } from "shared/model/events";
import { forFile } from "testing/for-file";
import { clientOf } from "testing/services/client";
import { until } from "testing/until";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { NO_LIMITS, startSite } from "../faults/site.ts";

const site = await forFile(startSite({ env: NO_LIMITS }));
const client = clientOf(site.gateways[0]);
const root = client.as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600));
const sql = connect(site.postgresUrl("EU"), { max: 1 });
await forFile({ close: () => sql.end({ timeout: 1 }) });
const codeOf = (call: Promise<unknown>) =>
  call.then(() => "done").catch((error) => (error instanceof LeaderboardError ? error.code : error));

const BOARD = "cup";
const EVIL = { updated_at: "5", user_id: "ann", board: "main", e: "é" };
const IDS = ["ann", "bob", "cy", "dan", "eve", "fay", "gus"];

/** All players of EU, ann the best of them; the last one is hidden. */
async function play(season: number): Promise<void> {
  const items = IDS.map((user_id, n) => ({
    user_id,
    region: "EU",
    name: `Name of ${user_id}`,
    board: BOARD,
    season,
    score: 100 - n,
    metadata: { n },
  }));
  const { items: written } = await root.submitScores(items);
  expect(written.map(({ status }) => status)).toEqual(items.map(() => 200));
  await root.hidePlayer("gus");
}

const places = async (season: number) => {
  const { entries } = await client.top({ board: BOARD, season, with: "metadata" });
  return entries.map(({ user_id, name, rank, metadata }) => [user_id, name, rank, metadata]);
};
const place = (id: string, rank: number, n = IDS.indexOf(id)) => [id, `Name of ${id}`, rank, { n }];
const stateOf = async (season: number) => (await root.readSeason(BOARD, season)).state;
const untilFinal = (season: number) =>
  until(
    () => stateOf(season),
    (state) => state === "final",
  );
const rows = (season: number) =>
  sql`SELECT user_id FROM leaderboard WHERE board = ${`${BOARD}@${season}`} ORDER BY user_id`.then((found) =>
    found.map(({ user_id }) => user_id),
  );
const dead = () => site.client.llen("queue:dead:{EU}");

test("entries of the season that runs, of one that closes and of one that is final are changed and removed", async () => {
  await root.putBoard(BOARD, { season: { schedule: "0 0 1 1 *" }, metadata_bytes_max: 100 });
  await until(async () => (await root.readBoard(BOARD)).running?.season === 1);
  await play(1);

  // While it runs.
  const named = { user_id: "bob", board: BOARD, season: 1, name: "Bobby" };
  expect(await root.changeEntry("bob", BOARD, { name: " Bobby " })).toEqual(named);
  expect(await root.changeEntry("cy", BOARD, { metadata: null, season: 1 })).toMatchObject({ metadata: null });
  expect(await root.removeEntry("dan", BOARD)).toEqual({ user_id: "dan", board: BOARD, season: 1, removed: true });
  expect(await codeOf(root.changeEntry("ann", BOARD, { metadata: { t: "x".repeat(100) } }))).toBe("invalid_request");
  for (const season of [2, 0]) expect(await codeOf(root.removeEntry("ann", BOARD, { season }))).not.toBe("done");
  const running = [
    place("ann", 1),
    ["bob", "Bobby", 2, { n: 1 }],
    ["cy", "Name of cy", 3, null],
    place("eve", 4),
    place("fay", 5),
  ];
  expect(await places(1)).toEqual(running);
  await site.drained();
  expect(await rows(1)).toEqual(["ann", "bob", "cy", "eve", "fay", "gus"]);

  // While it closes: nothing is drained meanwhile.
  await Promise.all(site.drainers.map((drainer) => drainer.kill()));
  await root.endSeason(BOARD, 1);
  await until(
    () => stateOf(1),
    (state) => state === "closing",
  );
  expect(await root.changeEntry("eve", BOARD, { season: 1, name: "Eva", metadata: EVIL })).toMatchObject({
    season: 1,
  });
  // Metadata is none of the event's own members, under any name.
  const [edit = ""] = await site.client.lrange("queue:scores:{EU}", 0, 0);
  expect([versionIn(edit), userIdIn(edit), rankingIn(edit)]).toEqual([expect.any(Number), "eve", `${BOARD}@1`]);
  expect(versionIn(edit)).toBeGreaterThan(5);
  expect(await root.removeEntry("ann", BOARD, { season: 1 })).toMatchObject({ season: 1 });
  expect(await root.removeEntry("ann", BOARD, { season: 1 })).toMatchObject({ season: 1 }); // again
  expect(await codeOf(root.changeEntry("ann", BOARD, { season: 1, name: "x" }))).toBe("not_ranked");
  expect(await codeOf(root.removeEntry("bob", BOARD))).toBe("not_ranked"); // of season 2
  const closing = [
    ["bob", "Bobby", 1, { n: 1 }],
    ["cy", "Name of cy", 2, null],
    ["eve", "Eva", 3, EVIL],
    place("fay", 4),
  ];
  expect(await places(1)).toEqual(closing);
  await Promise.all(site.drainers.map((drainer) => drainer.start()));
  await untilFinal(1);
  expect(await places(1)).toEqual(closing);
  expect(await client.readSeason(BOARD, 1)).toMatchObject({ total: 4 });

  // When it is final: the others keep their ranks.
  expect(await root.changeEntry("fay", BOARD, { season: 1, name: "Faye", metadata: null })).toMatchObject({
    name: "Faye",
  });
  expect(await root.removeEntry("cy", BOARD, { season: 1, reason: "a wrong match" })).toMatchObject({ removed: true });
  expect(await root.removeEntry("gus", BOARD, { season: 1 })).toMatchObject({ removed: true });
  const final = [
    ["bob", "Bobby", 1, { n: 1 }],
    ["eve", "Eva", 3, EVIL],
    ["fay", "Faye", 4, null],
  ];
  await until(
    () => places(1),
    (found) => Bun.deepEquals(found, final),
  );
  expect(await root.removeEntry("cy", BOARD, { season: 1 })).toMatchObject({ removed: true });
  expect(await codeOf(root.changeEntry("cy", BOARD, { season: 1, name: "x" }))).toBe("not_ranked");
  expect(await codeOf(root.removeEntry("nobody", BOARD, { season: 1 }))).toBe("not_ranked");
  await site.drained();
  await root.unhidePlayer("gus");
  await site.drained();
  expect(await places(1)).toEqual(final);
  expect(
    await sql`SELECT FROM archived WHERE user_id IN ('cy', 'ann', 'dan', 'gus') OR name IN ('Name of cy')`,
  ).toBeEmpty();
  expect(
    await sql`
      SELECT FROM archived JOIN ended_seasons USING (board, season, region)
      WHERE updated_at < starts_at OR updated_at >= ends_at`,
  ).toBeEmpty();
  expect([await dead(), await places(2)]).toEqual([0, []]);
  expect(
    await until(
      () => rows(1),
      (left) => left.length === 0,
    ),
  ).toEqual([]);
}, 60_000);

test("a season becomes final though entries of it are removed and changed all the time", async () => {
  const season = (await root.readSeason(BOARD, "current")).season;
  await play(season);
  await root.removeEntry("bob", BOARD, { season });
  let isEnded = false;
  const ending = root.endSeason(BOARD, season).finally(() => {
    isEnded = true;
  });
  // Over the end, and behind it until the archive is made.
  while (!isEnded) for (const id of ["ann", "cy"]) await root.changeEntry(id, BOARD, { season, name: `${id} 2` });
  await ending;
  await root.removeEntry("dan", BOARD, { season });
  const isFinal = untilFinal(season).then(() => true);
  for (let n = 3; !(await Promise.race([isFinal, Promise.resolve(false)])); n++) {
    await root.changeEntry("ann", BOARD, { season, name: `ann ${n}` });
  }
  await root.changeEntry("ann", BOARD, { season, name: "ann 2" });
  await site.drained();
  const shown = (await places(season)).map(([id, name]) => [id, name]);
  expect(shown).toEqual([
    ["ann", "ann 2"],
    ["cy", "cy 2"],
    ["eve", "Name of eve"],
    ["fay", "Name of fay"],
  ]);
  expect(await dead()).toBe(0);
}, 60_000);
