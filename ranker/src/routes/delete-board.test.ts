import { beforeEach, describe, expect, test } from "bun:test";
import type { BoardsView, BoardView } from "shared/api/definitions";
import { createTopology, type Shard } from "shared/model/regions";
import { boardsKey, entryKeys, queueKey } from "shared/redis/keys";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { type Built, player, REGIONS, startUnderTest } from "../../test/ranker-under-test.ts";

const under = await forFile(startUnderTest());
const { redis } = under;
const token = await (await under.build()).tokens.issueOperator({ name: "root" }, 600);
const settings = createSettings({ home: redis, queueMax: 1_000 });
const [ada, bob] = [player("ada"), player("bob", "NA")];
const shardOf = (region: string): Shard => ({ region, partition: 0, tag: region });
const BOARD = "cup";

let ranker: Built;
/** It has read the board, and was told of nothing since. */
let other: Built;
beforeEach(async () => {
  await flushAll(redis);
  [ranker, other] = await Promise.all([under.build(), under.build()]);
});

async function ask(
  method: string,
  path: string,
  { body, ifMatch, at = ranker }: { body?: unknown; ifMatch?: number; at?: Built } = {},
) {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  if (ifMatch !== undefined) headers["If-Match"] = `"${ifMatch}"`;
  const response = await at.app.request(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as BoardView & { code?: string; detail?: string } };
}
const outcome = async (asked: ReturnType<typeof ask>) => {
  const { status, answer } = await asked;
  return [status, answer.code];
};
const make = async (definition: object = {}) => {
  const { status, answer } = await ask("PUT", `/boards/${BOARD}`, { body: definition });
  expect(status).toBe(201);
  return answer;
};
const remove = (options?: Parameters<typeof ask>[2]) => ask("DELETE", `/boards/${BOARD}`, options);
const write = async (score: number, at = ranker, headers: Record<string, string> = {}, as = ada) => {
  const response = await at.post("/score/update", { score, board: BOARD }, as, headers);
  return [response.status, ((await response.json()) as { code?: string }).code];
};
/** What a drainer does when nothing is left. */
async function free(): Promise<void> {
  const { version } = (await settings.read("boards", BOARD)) ?? {};
  await settings.put("boards", BOARD, { value: null, replaces: version });
}
async function purge(): Promise<void> {
  for (const region of REGIONS) await redis.del(...entryKeys(shardOf(region), BOARD));
  await free();
}
const known = (region: string) => redis.hget(boardsKey(shardOf(region)), BOARD);

const reads = [`/top?board=${BOARD}`, `/rank/ada?board=${BOARD}`, `/around/ada?board=${BOARD}`, `/boards/${BOARD}`];
const streams = [`/live?board=${BOARD}`, `/live/rank/ada?board=${BOARD}`];
const writes: [path: string, body: object][] = [
  ["/score/submit", { score: 5 }],
  ["/score/create", { initialScore: 5 }],
  ["/score/update", { score: 5 }],
  ["/score/add", { delta: 5 }],
];

test("from the answer on the board is 404 on every route, on a ranker that has used it and on one that starts", async () => {
  const { rev } = await make();
  for (const at of [ranker, other]) expect(await write(7, at)).toEqual([200, undefined]);
  for (const path of reads) expect((await ask("GET", path, { at: other })).status).toBe(200);

  expect(await remove({ ifMatch: rev })).toMatchObject({ status: 202, answer: { board: BOARD, state: "deleting" } });
  const queued = await redis.llen(queueKey(shardOf("EU")));
  for (const at of [ranker, other, await under.build()]) {
    for (const path of reads.concat(streams))
      expect(await outcome(ask("GET", path, { at }))).toEqual([404, "board_not_found"]);
    for (const as of [ada, bob]) {
      for (const [path, body] of writes) {
        const response = await at.post(path, { ...body, board: BOARD }, as);
        expect([path, response.status, await response.json()]).toMatchObject([path, 404, { code: "board_not_found" }]);
      }
    }
    const body = { operation: "set", value: 5, board: BOARD };
    expect(await outcome(ask("POST", "/players/ada/score", { body, at }))).toEqual([404, "board_not_found"]);
    for (const method of ["PUT", "PATCH"]) {
      const change = { body: { title: "x" }, ifMatch: rev, at };
      expect(await outcome(ask(method, `/boards/${BOARD}`, change))).toEqual([409, "board_being_deleted"]);
    }
    const { boards } = (await ask("GET", "/boards", { at })).answer as unknown as BoardsView;
    expect(boards.map(({ id }) => id)).toEqual(["main", "weekly"]);
    expect((await ask("GET", "/players/ada", { at })).answer).toMatchObject({ entries: [] });
  }
  expect(await redis.llen(queueKey(shardOf("EU")))).toBe(queued);
  // A shard without writes knows it, too: a slow ranker cannot tell it the old definition.
  expect(await Promise.all(REGIONS.map(known))).toEqual(Array(4).fill(expect.stringMatching(/^\d+ deleting$/)));
});

test("a ranker refuses no write by the definition of a board that was deleted, or changed", async () => {
  const { rev } = await make({ writers: "operators" });
  expect(await write(7, other)).toEqual([403, "board_read_only"]);
  const change = await ask("PATCH", `/boards/${BOARD}`, { body: { writers: "players" }, ifMatch: rev });
  expect([change.status, await write(7, other)]).toEqual([200, [200, undefined]]);
  await ask("PATCH", `/boards/${BOARD}`, { body: { writers: "operators" }, ifMatch: change.answer.rev });
  expect(await write(8, other)).toEqual([403, "board_read_only"]);
  await remove();
  expect(await write(9, other)).toEqual([404, "board_not_found"]);
});

describe("DELETE", () => {
  test("is answered in the same way until the id is free, then 404", async () => {
    const { rev } = await make();
    for (let time = 0; time < 3; time++) expect((await remove({ ifMatch: rev })).status).toBe(202);
    expect(await redis.llen("queue:accounts:{accounts}")).toBe(2);
    await purge();
    expect(await outcome(remove())).toEqual([404, "board_not_found"]);
    expect(await outcome(ask("DELETE", "/boards/none"))).toEqual([404, "board_not_found"]);
  });

  test("with another revision than the present one deletes nothing", async () => {
    const { rev } = await make();
    expect(await outcome(remove({ ifMatch: rev - 1 }))).toEqual([412, "precondition_failed"]);
    expect((await ask("GET", `/boards/${BOARD}`)).answer.rev).toBe(rev);
  });

  test.each([
    ["main", "cannot be deleted"],
    ["weekly", "BOARDS"],
  ])("of %s, which is there from the start, says why not", async (id, words) => {
    await ask("PATCH", `/boards/${id}`, { body: { title: "x" }, ifMatch: 0 });
    const { status, answer } = await ask("DELETE", `/boards/${id}`);
    expect([status, answer.code]).toEqual([409, "board_configured"]);
    expect(answer.detail).toContain(words);
    expect((await ask("GET", `/boards/${id}`)).status).toBe(200);
  });

  test("of a board that was taken out of BOARDS finds it by its shards, although it was never changed", async () => {
    await ranker.post("/score/update", { score: 5, board: "weekly" }, ada);
    const later = await under.build({ topology: createTopology(REGIONS, 1, ["main"]) });
    expect(await outcome(ask("GET", "/boards/weekly", { at: later }))).toEqual([404, "board_not_found"]);
    expect((await ask("DELETE", "/boards/weekly", { at: later })).status).toBe(202);
    expect(await outcome(ask("PUT", "/boards/weekly", { at: later }))).toEqual([409, "board_being_deleted"]);
  });

  test("that was cut off before the shards knew is completed by a repeat", async () => {
    const { rev } = await make();
    await write(7, other);
    await remove();
    // As if the ranker had died before it told the shards.
    for (const region of REGIONS) await redis.hdel(boardsKey(shardOf(region)), BOARD);
    await redis.hset(boardsKey(shardOf("EU")), BOARD, `${rev} open`);
    expect(await write(8, other)).toEqual([200, undefined]);
    expect((await remove()).status).toBe(202);
    expect(await write(9, other)).toEqual([404, "board_not_found"]);
  });

  test("by a player deletes nothing", async () => {
    await make();
    const headers = { Authorization: `Bearer ${await ranker.tokens.issue(ada)}` };
    expect((await ranker.app.request(`/boards/${BOARD}`, { method: "DELETE", headers })).status).toBe(403);
    expect((await ask("GET", `/boards/${BOARD}`)).status).toBe(200);
  });
});

describe("a board that is made again", () => {
  const total = async (at: Built) =>
    ((await ask("GET", `/top?board=${BOARD}`, { at })).answer as { total?: number }).total;

  test("is empty on every ranker, and shows no player of before", async () => {
    await make({ operator: "add" });
    await write(7, other).catch(() => {});
    await ranker.post("/score/add", { delta: 7, board: BOARD }, ada);
    expect(await total(other)).toBe(1);
    await remove();
    await purge();
    const { operator } = await make({ operator: "set" });
    expect(operator).toBe("set");
    for (const at of [ranker, other]) {
      expect(await total(at)).toBe(0);
      expect(await outcome(ask("GET", `/rank/ada?board=${BOARD}`, { at }))).toEqual([404, "not_ranked"]);
    }
    for (const [n, at] of [other, ranker].entries()) {
      expect(await write(3 + n, at)).toEqual([200, undefined]);
      expect(await total(at)).toBe(1);
    }
  });

  test("answers no repeat of a write to the board before it, and takes that for no write", async () => {
    const key = { "Idempotency-Key": "match-1" };
    await make();
    expect(await write(7, ranker, key)).toEqual([200, undefined]);
    await remove();
    expect(await write(7, ranker, key)).toEqual([404, "board_not_found"]);
    await purge();
    await make();
    expect(await write(7, ranker, key)).toEqual([409, "idempotency_conflict"]);
    expect(await total(ranker)).toBe(0);
  });

  test("takes from a shard what an older copy of its Redis has of the board before", async () => {
    const { rev } = await make();
    await write(7);
    const copy = await Promise.all(entryKeys(shardOf("EU"), BOARD).map((name) => redis.dumpBuffer(name)));
    await remove();
    await purge();
    await make();
    // Redis comes back as it was before the deletion.
    const names = entryKeys(shardOf("EU"), BOARD);
    for (const [n, dump] of copy.entries()) if (dump !== null) await redis.restore(names[n] ?? "", 0, dump);
    await redis.hset(boardsKey(shardOf("EU")), BOARD, `${rev} open`);
    expect(await total(ranker)).toBe(0);
    expect(await redis.exists(...names)).toBe(0);
  });

  test("is read where the ranker that made it died before it told the shards", async () => {
    await make();
    await write(7);
    await remove();
    const deleting = await known("EU");
    await purge();
    await make();
    for (const region of REGIONS) await redis.hset(boardsKey(shardOf(region)), BOARD, String(deleting));
    expect(await total(other)).toBe(0);
    expect(await write(5, other)).toEqual([200, undefined]);
  });

  test("by BOARDS is there on every shard, and can be changed", async () => {
    await make();
    await write(7);
    await remove();
    await purge();
    const later = await under.build({ topology: createTopology(REGIONS, 1, ["main", BOARD]) });
    expect(await total(later)).toBe(0);
    expect(await write(5, later)).toEqual([200, undefined]);
    const { answer } = await ask("GET", `/boards/${BOARD}`, { at: later });
    expect(
      (await ask("PATCH", `/boards/${BOARD}`, { body: { title: "x" }, ifMatch: answer.rev, at: later })).status,
    ).toBe(200);
    expect(await total(later)).toBe(1);
  });
});
