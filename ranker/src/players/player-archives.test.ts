import { beforeAll, expect, test } from "bun:test";
import type { PlayerRecord } from "shared/api/players";
import { createTopology } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { ENDS, type EndedRow, STARTS, startArchives } from "../../test/archives-under-test.ts";
import { player, startUnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow } from "../../test/season-board.ts";

const under = await forFile(startUnderTest());
// EU and NA are in two databases.
const stores = await forFile(startArchives(["EU", "NA"], ["NA"]));
const topology = createTopology(["EU", "NA"], 1, ["main"]);
const ranker = await under.build({ topology, archives: stores.archives });
const withoutArchives = await under.build({ topology });

const RUNNING = 12;
const row = (region: string, userId: string, score: number): EndedRow => ({
  region,
  userId,
  score,
  sortKey: score,
  sub: null,
  subKey: null,
  reachedAt: STARTS + 1_000_001,
  metadata: null,
});

beforeAll(async () => {
  const fields = { order: "desc", operator: "set", operators: ["set"], decimals: 1, sub: null, metadata_bytes_max: 99 };
  await defineSeasons(under.redis, { at: [hoursFromNow(-1), hoursFromNow(1)], first: RUNNING, fields });
  for (let season = 1; season < RUNNING; season++) {
    const ada = { ...row(season === 4 ? "NA" : "EU", "ada", 10 * season), metadata: season === 2 ? '{"car":7}' : null };
    await stores.archive("cup", season, [ada, row("EU", "bob", 35)]);
  }
  for (const board of ["main", "cup"]) await ranker.submit(player("ada"), { operation: "set", board, value: 5 });
});

async function ask(path: string, from = ranker) {
  const token = await ranker.tokens.issueOperator({ name: "root" }, 60);
  const answer = await from.app.request(path, { headers: { Authorization: `Bearer ${token}` } });
  return [answer.status, (await answer.json()) as PlayerRecord & { code?: string }] as const;
}
const namesOf = ({ entries }: PlayerRecord) => entries.map(({ board, season = 0 }) => `${board}@${season}`);
const kept = [...Array.from({ length: RUNNING }, (_, index) => `cup@${index + 1}`), "main@0"].toSorted();

test("with archives a player's record has the entries of seasons that are final, with score, rank and metadata", async () => {
  const [, record] = await ask("/players/ada?with=archives");
  expect([namesOf(record), record.next]).toEqual([kept, null]);
  const reached = { reached_at: new Date(STARTS / 1000 + 1000).toISOString().replace("Z", "001Z") };
  expect(record.entries.filter(({ season }) => season === 2 || season === 4)).toEqual([
    expect.objectContaining({ season: 2, region: "EU", score: 2, rank: 2, metadata: { car: 7 }, ...reached }),
    expect.objectContaining({ season: 4, region: "NA", score: 4, rank: 1, name: "Name of ada", ...reached }),
  ]);
  expect((await ask("/players/ada"))[1].entries).toHaveLength(2);
});

test.each([1, 2, 5, 12, 13])("in pages of %d each entry comes once, in one order", async (limit) => {
  const found: string[] = [];
  for (let cursor = ""; ; ) {
    const [, record] = await ask(`/players/ada?with=archives&limit=${limit}${cursor}`);
    expect(record.entries.length).toBeLessThanOrEqual(limit);
    found.push(...namesOf(record));
    if (record.next === null) break;
    cursor = `&cursor=${encodeURIComponent(record.next)}`;
  }
  expect(found).toEqual(kept);
});

test("a player who is in archives alone has a record, which keeps what is hidden and loses what is erased", async () => {
  expect((await ask("/players/bob?with=archives&limit=3"))[1]).toMatchObject({ account: null, next: "cup@11" });
  await stores.setHidden("EU", "bob", true);
  expect((await ask("/players/bob?with=archives"))[1].entries).toHaveLength(RUNNING - 1);
  await stores.erase("EU", "bob");
  expect(await ask("/players/bob?with=archives")).toMatchObject([404, { code: "not_found" }]);
});

test("a season that is archived and still in Redis comes once", async () => {
  await stores.archive("cup", RUNNING, [{ ...row("EU", "ada", 50), reachedAt: ENDS - 1 }]);
  expect(namesOf((await ask("/players/ada?with=archives"))[1])).toEqual(kept);
});

test("a ranker without archives says so, and goes on with the record of the present", async () => {
  expect(await ask("/players/ada?with=archives", withoutArchives)).toMatchObject([
    503,
    { code: "archives_unavailable" },
  ]);
  expect((await ask("/players/ada", withoutArchives))[0]).toBe(200);
});
