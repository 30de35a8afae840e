import { beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { TopView } from "shared/api/boards";
import { putBoards } from "shared/boards/put-boards";
import { createTopology } from "shared/model/regions";
import { boardKey, boardsKey, entryKeys, settingsKey } from "shared/redis/keys";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { type EndedRow, startArchives } from "../../test/archives-under-test.ts";
import { player, startUnderTest } from "../../test/ranker-under-test.ts";
import { defineSeasons, hoursFromNow, setNextVersion } from "../../test/season-board.ts";

const under = await forFile(startUnderTest());
const stores = await forFile(startArchives(["EU"], []));
const topology = createTopology(["EU"], 1, ["main", "weekly"]);
const [shard] = topology.shards;
if (shard === undefined) throw new Error("no shard");
const revocations = new Set<string>();
const build = () => under.build({ topology, archives: stores.archives, revocations });
let ranker = await build();

beforeEach(async () => {
  await flushAll(under.redis);
  ranker = await build();
});

interface Problem {
  code: string;
  errors: { field: string; message: string }[];
}

async function read(path: string, token?: string, from = ranker) {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const response = await from.app.request(path, { headers });
  return { status: response.status, body: (await response.json()) as TopView & Problem };
}
async function refusal(path: string, token?: string) {
  const { status, body } = await read(path, token);
  return [status, body.code, body.errors?.map(({ field }) => field).join()];
}
const INVALID = [400, "invalid_request", "cursor"];

/** Players by descending score. */
async function write(board: string, count = 9): Promise<void> {
  for (let n = 0; n < count; n++) {
    await ranker.submit(player(`p${n}`), { operation: "set", board, value: 100 - n });
  }
}
const placesOf = ({ entries }: TopView) => entries.map(({ rank, user_id }) => `${rank} ${user_id}`);
const admin = () => ranker.tokens.issueOperator({ name: "root" }, 600);
async function put(board: string, fields: object = {}) {
  const headers = { Authorization: `Bearer ${await admin()}`, "Content-Type": "application/json" };
  const made = await ranker.app.request(`/boards/${board}`, { method: "PUT", headers, body: JSON.stringify(fields) });
  expect(made.status).toBe(201);
}

test("the top leads to the next page, and that back to the top, with another limit as well", async () => {
  await write("main");
  const top = (await read("/top?limit=3")).body;
  expect([placesOf(top), top.prev]).toEqual([["1 p0", "2 p1", "3 p2"], null]);
  const next = (await read(`/top?limit=4&cursor=${top.next}`)).body;
  expect(placesOf(next)).toEqual(["4 p3", "5 p4", "6 p5", "7 p6"]);
  expect((await read(`/top?limit=100&cursor=${next.next}`)).body).toMatchObject({ next: null, total: 9 });
  expect(placesOf((await read(`/top?limit=2&cursor=${next.prev}`)).body)).toEqual(["2 p1", "3 p2"]);
  expect(placesOf((await read("/top?limit=2&from=8")).body)).toEqual(["8 p7", "9 p8"]);
  expect((await read("/top?limit=9")).body).toMatchObject({ next: null, prev: null });
  expect((await read("/top?from=9&with=metadata")).body.entries).toMatchObject([{ rank: 9, metadata: null }]);
  expect((await read("/top?from=9")).body.entries[0]).not.toHaveProperty("metadata");
});

test("the cursors of a top are as its entries: other ones where it has changed, the same where it has not", async () => {
  await write("main");
  const before = (await read("/top?limit=3")).body;
  expect((await read("/top?limit=3")).body).toEqual(before);
  await ranker.submit(player("p8"), { operation: "set", board: "main", value: 98.0 });
  await ranker.submit(player("p2"), { operation: "set", board: "main", value: 1 });
  const after = (await read("/top?limit=3")).body;
  expect(placesOf(after)).toEqual(["1 p0", "2 p1", "3 p8"]);
  expect(after.next).not.toBe(before.next);
});

test("the answer of the best, with its cursors, is made once while nothing changes", async () => {
  await write("main");
  const made = await ranker.boards.topBody("EU", "main", 3);
  expect(await ranker.boards.topBody("EU", "main", 3)).toBe(made);
  expect(await ranker.boards.topBody("EU", "main", 3, { from: 1 })).toBe(made);
  await ranker.submit(player("p8"), { operation: "set", board: "main", value: 1_000 });
  expect(await ranker.boards.topBody("EU", "main", 3)).not.toBe(made);
});

describe("a query is refused by the name of its field", () => {
  test.each([
    ["from=0", "from"],
    ["from=-1", "from"],
    ["from=1.5", "from"],
    ["from=1e3", "from"],
    ["from=2147483648", "from"],
    ["from=", "from"],
    ["cursor=", "cursor"],
    ["cursor=a.b", "cursor"],
    ["cursor=%C3%A4", "cursor"],
    [`cursor=${"a".repeat(513)}`, "cursor"],
    ["cursor=abc", "cursor"],
    ["cursor=abc&from=2", "cursor"],
  ])("%s", async (query, field) => {
    expect(await refusal(`/top?${query}`)).toEqual([400, "invalid_request", field]);
  });

  test("from beyond the last entry is an empty page with the total", async () => {
    await write("main", 3);
    for (const from of [4, 5, 2_147_483_647]) {
      const { status, body } = await read(`/top?from=${from}`);
      expect([status, body.total, body.entries, body.next]).toEqual([200, 3, [], null]);
      expect(placesOf((await read(`/top?limit=2&cursor=${body.prev}`)).body)).toEqual(["2 p1", "3 p2"]);
    }
    expect((await read("/top?from=7&board=weekly")).body).toMatchObject({ total: 0, next: null, prev: null });
  });
});

describe("a cursor is refused", () => {
  test("where any character is changed, with no store asked", async () => {
    await write("main");
    const { next } = (await read("/top?limit=3")).body;
    const text = next ?? "";
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(..."AZaz09-_"), async (at, other) => {
        const place = at % text.length;
        const changed = text.slice(0, place) + other + text.slice(place + 1);
        if (changed !== text) expect(await refusal(`/top?cursor=${changed}`)).toEqual(INVALID);
      }),
    );
  });

  test("on another board and in another region", async () => {
    await write("main");
    const { next } = (await read("/top?limit=3&region=EU")).body;
    expect(await refusal(`/top?cursor=${next}&region=EU&board=weekly`)).toEqual(INVALID);
    expect(await refusal(`/top?cursor=${next}&region=GLOBAL`)).toEqual(INVALID);
    expect((await read(`/top?cursor=${next}&region=eu`)).status).toBe(200);
  });

  test("on a board that was made again since, by a ranker that knows either of the two", async () => {
    await put("cup");
    await write("cup");
    const { next } = (await read("/top?limit=3&board=cup")).body;
    const rev = Number.MAX_SAFE_INTEGER;
    const value = { created_at: "2026-01-01T00:00:00.000000Z", state: "open", born: rev };
    await under.redis.hset(settingsKey("boards"), "cup", `${rev} ${JSON.stringify(value)}`);
    await putBoards(under.redis, shard, [{ id: "cup", rev, state: "open", born: rev }]);
    for (const each of [ranker, await build()]) {
      const { status, body } = await read(`/top?limit=3&board=cup&cursor=${next}`, undefined, each);
      expect([status, body.code, body.errors[0]?.field]).toEqual(INVALID);
    }
  });

  test("beside another season than its own", async () => {
    expect(await refusal("/top?season=1&board=main")).toEqual([400, "invalid_request", "season"]);
    await defineSeasons(under.redis, { at: [-1, 1, 2].map(hoursFromNow) });
    await write("cup");
    const { next, season } = (await read("/top?limit=3&board=cup")).body;
    expect(season).toBe(1);
    expect(await refusal(`/top?board=cup&season=2&cursor=${next}`)).toEqual([400, "invalid_request", "season"]);
    for (const name of ["1", "current", "previous"]) {
      expect((await read(`/top?board=cup&season=${name}&cursor=${next}`)).status).toBe(200);
    }
  });
});

test("every page of an operators' board is for operators alone", async () => {
  await put("staff", { readers: "operators" });
  await write("staff");
  const token = await admin();
  const { next } = (await read("/top?board=staff&limit=3", token)).body;
  expect((await read(`/top?board=staff&limit=3&cursor=${next}`, token)).status).toBe(200);
  expect((await refusal(`/top?board=staff&cursor=${next}`))[0]).toBe(401);
  expect((await refusal("/top?board=staff&from=3"))[0]).toBe(401);
  const ofPlayer = await ranker.tokens.issue(player("p0"));
  expect((await refusal(`/top?board=staff&cursor=${next}`, ofPlayer))[0]).toBe(403);
  const ofOthers = await ranker.tokens.issueListed(
    { name: "root", role: "admin", tokenId: "1".padStart(16, "0"), boards: ["weekly"] },
    600,
  );
  expect((await refusal(`/top?board=staff&cursor=${next}`, ofOthers))[1]).toBe("board_not_allowed");
});

test("a walk stays in the season where it began, also when that ends and when it is archived meanwhile", async () => {
  const at = [-1, 1, 2, 3].map(hoursFromNow);
  await defineSeasons(under.redis, { at });
  await write("cup");
  const first = (await read("/top?board=cup&limit=2")).body;
  await setNextVersion(under.redis, shard, at[1] ?? 0);
  await ranker.submit(player("new"), { operation: "set", board: "cup", value: 500 });
  expect(placesOf((await read("/top?board=cup")).body)).toEqual(["1 new"]);
  // The season has ended, and Redis still has its keys.
  const second = (await read(`/top?board=cup&limit=2&cursor=${first.next}`)).body;
  expect([placesOf(second), second.season]).toEqual([["3 p2", "4 p3"], 1]);
  const all = (await read("/top?board=cup&season=1")).body;
  const members = await under.redis.zrange(boardKey(shard, "cup@1"), "0", "-1");
  expect(members).toHaveLength(9);
  const rows = members.map((member): EndedRow => {
    const userId = member.slice(16);
    const score = 100 - Number(userId.slice(1));
    const reachedAt = Number.MAX_SAFE_INTEGER - Number(member.slice(0, 16));
    return { region: "EU", userId, score, sortKey: score, sub: null, subKey: null, reachedAt, metadata: null };
  });
  await stores.archive("cup", 1, rows);
  await under.redis.del(...entryKeys(shard, "cup@1"));
  const text = (await under.redis.hget(boardsKey(shard), "cup")) ?? "";
  await under.redis.hset(boardsKey(shard), "cup", text.replace(/^(\d+ \w+ 2) 1/, "$1 2"));
  for (const [from, name] of [
    [ranker, "current"],
    [await build(), "previous"],
  ] as const) {
    const third = (await read(`/top?board=cup&limit=2&season=${name}&cursor=${second.next}`, undefined, from)).body;
    expect([placesOf(third), third.season]).toEqual([["5 p4", "6 p5"], 1]);
    const back = (await read(`/top?board=cup&limit=4&cursor=${third.prev}`, undefined, from)).body;
    expect([placesOf(back), back.prev]).toEqual([placesOf(all).slice(0, 4), null]);
    expect(placesOf((await read(`/top?board=cup&season=1&from=8`, undefined, from)).body)).toEqual(["8 p7", "9 p8"]);
  }
});
