import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { readDeadElement } from "shared/model/dead-element";
import { readBoard, scoreDrain, scoreEvent, startUnderTest, type UnderTest } from "../../test/drainer-under-test.ts";

let it: UnderTest;
beforeAll(async () => {
  it = await startUnderTest();
  // Only PostgreSQL can refuse this row.
  await it.database.run((sql) => sql`ALTER TABLE leaderboard ADD CHECK (score <> 13)`);
});
afterAll(() => it.close());
beforeEach(() => it.clear());

const MIB = 1024 * 1024;
const bad = (rest: Parameters<typeof scoreEvent>[3]) => JSON.stringify(scoreEvent("bad", 1, 2, rest));
const latin1 = (text: string) => Buffer.from(text, "latin1");

const poison: [string, string | Buffer, reason: RegExp][] = [
  ["U+0000 in a name", bad({ name: "a\u0000b" }), /^name must have no control characters/],
  ["a lone surrogate in a name", bad({ name: "\ud800" }), /^name must have no control .* lone surrogates/],
  ["a name that is too long", bad({ name: "x".repeat(201) }), /^name must have 1 to 200 characters/],
  ["a score with a fraction", bad({ score: "1.5" }), /^score /],
  ["a score past 2^53-1", bad({ score: "9007199254740992" }), /^score must be an integer/],
  ["a score that is a number", '{"score":1}', /score Invalid input: expected string/],
  ["a region that is too long", bad({ region: "E".repeat(51) }), /^region /],
  ["U+0000 in a region", bad({ region: "E\u0000U" }), /^22021 /],
  ["an id that no board may have", bad({ board: "Gone" }), /^board must be 1 to 32 characters/],
  ["an id of a board that is too long", bad({ board: "b".repeat(33) }), /^board must be 1 to 32 characters/],
  ["a year that PostgreSQL does not know", bad({ updated_at: "9999999999999999999" }), /^updated_at /],
  ["a time before 1970", bad({ reached_at: "-1" }), /^reached_at must not be negative/],
  ["a row that a constraint forbids", bad({ score: "13" }), /^23514 /],
  ["what is not JSON", "not JSON at all", /^not JSON: /],
  ["nothing", "", /^not JSON: /],
  ["JSON that is no event", "[1,2,3]", /^event /],
  ["null", "null", /^event /],
  ["a name that is not UTF-8", latin1(bad({ name: "J\u00f6rg" })), /^not JSON: /],
  ["an event of 1 MiB", bad({ name: "x".repeat(MIB) }), /^name must have 1 to 200 characters/],
  ["1 MiB of brackets", "[".repeat(MIB), /^not JSON: /],
];
const bytes = (event: string | Buffer) => (typeof event === "string" ? Buffer.from(event) : event);
const drain = () => scoreDrain(it)();
const good = (userId: string, version: number) => JSON.stringify(scoreEvent(userId, 5, version));
const readDead = async () => (await it.redis.lrangeBuffer(it.keys.dead, 0, -1)).map(readDeadElement);

test.each(poison)(
  "%s: dead with its reason, byte for byte; what was around it is in PostgreSQL",
  async (_, event, reason) => {
    await it.redis.lpush(it.keys.queue, good("ann", 1), bytes(event), good("bob", 3));
    expect(await drain()).toMatchObject({ events: 3, rows: 2, refused: 1, isTrimmed: true });
    expect((await readBoard(it.database)).map(({ user_id }) => user_id)).toEqual(["ann", "bob"]);
    const [dead, ...others] = await readDead();
    expect(others).toEqual([]);
    expect(dead?.raw?.equals(bytes(event))).toBe(true);
    expect(dead?.reason).toMatch(reason);
    expect(await drain()).toEqual({ state: "empty" });
  },
);

test("poison among as many valid events in one batch: each valid row is written, each bad event is dead", async () => {
  const events = poison.flatMap(([, event], n) => [bytes(event), bytes(good(`p${n}`, n + 1))]);
  await it.redis.lpush(it.keys.queue, ...events);
  const counts = { events: events.length, rows: poison.length, refused: poison.length };
  expect(await drain()).toMatchObject({ ...counts, isTrimmed: true });
  expect(await readBoard(it.database)).toHaveLength(poison.length);
  const dead = (await readDead()).map(({ raw }) => raw?.toString("hex"));
  expect(dead.sort()).toEqual(poison.map(([, event]) => bytes(event).toString("hex")).sort());
});
