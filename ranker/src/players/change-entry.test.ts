import { beforeEach, expect, test } from "bun:test";
import { entriesKey, splitKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { player, startUnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow, readEvents, readSeason, setNextVersion } from "../../test/season-board.ts";

const under = await forFile(startUnderTest());
const { redis } = under;
const eu = { region: "EU", partition: 0, tag: "EU" };
const [starts, ends] = [hoursFromNow(-1), hoursFromNow(1)];

let ranker: Awaited<ReturnType<typeof under.build>>;
beforeEach(async () => {
  await flushAll(redis);
  ranker = await under.build();
});

async function ask(method: string, path: string, body?: object): Promise<[number, Record<string, unknown>]> {
  const headers = {
    "Content-Type": "application/json",
    Authorization: `Bearer ${await ranker.tokens.issueOperator({ name: "root" }, 60)}`,
  };
  const answer = await ranker.app.request(path, { method, headers, body: body ? JSON.stringify(body) : null });
  return [answer.status, (await answer.json()) as Record<string, unknown>];
}

test("an edit with a version behind the end is none of the season, though the clock of Redis is before the end", async () => {
  await defineSeasons(redis, { at: [starts, ends, hoursFromNow(2), hoursFromNow(3)], fields: { operator: "set" } });
  await ranker.submit(player("ada"), { operation: "set", board: "cup", value: 5 });
  expect(await ask("PATCH", "/players/ada/entries/cup", { name: "Ada I" })).toMatchObject([200, { season: 1 }]);
  // As after a fail-over to a server whose time is behind.
  await setNextVersion(redis, eu, ends);
  expect(await ask("PATCH", "/players/ada/entries/cup", { name: "Ada II" })).toMatchObject([
    404,
    { code: "not_ranked" },
  ]);
  expect(await readSeason(redis, eu)).toBe(2);
  expect(await ask("PATCH", "/players/ada/entries/cup", { name: "Ada II", season: 1 })).toMatchObject([200, {}]);
  expect(await readEvents(redis, eu)).toMatchObject([
    { board: "cup@1", score: "5" },
    { board: "cup@1", score: "5", name: "Ada I" },
    { season_ended: 1, count: 1 },
    { edited: true, board: "cup@1", name: "Ada II" },
  ]);
});

test("a removal that is repeated says so only where the player has no entry in any other region", async () => {
  await ranker.submit(player("ada"), { operation: "set", board: "main", value: 5 });
  expect(await ask("DELETE", "/players/ada/entries/main")).toMatchObject([200, { removed: true }]);
  await redis.set(splitKey("NA"), "2"); // NA does not say what it has
  expect(await ask("DELETE", "/players/ada/entries/main")).toMatchObject([503, { code: "unavailable" }]);
  await redis.del(splitKey("NA"));
  expect(await ask("DELETE", "/players/ada/entries/main")).toMatchObject([200, { removed: true }]);
});

test("a rename edits the entries of seasons that have ended, and no score of theirs is written again", async () => {
  await defineSeasons(redis, { at: [starts, ends, hoursFromNow(2), hoursFromNow(3)], fields: { operator: "set" } });
  const write = (value: number) => ranker.submit(player("ada"), { operation: "set", board: "cup", value });
  await write(5);
  await setNextVersion(redis, eu, ends);
  await write(6);
  expect(await ask("POST", "/players/ada/rename", { name: 'A "7"' })).toMatchObject([200, { boards: 2 }]);
  const events = (await readEvents(redis, eu)).slice(-3);
  expect(events).toMatchObject([
    { hidden: false, name: 'A "7"' },
    { edited: true, board: "cup@1", user_id: "ada", region: "EU", name: 'A "7"' },
    { board: "cup@2", score: "6", name: 'A "7"' },
  ]);
  const records = await Promise.all([1, 2].map((season) => redis.hget(entriesKey(eu, `cup@${season}`), "ada")));
  expect(records.map((record) => record?.split(" ")[1])).toEqual(
    events.slice(1).map((event) => event.updated_at as string),
  );
});
