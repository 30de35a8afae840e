import { expect, test } from "bun:test";
import fc from "fast-check";
import { readScoreEvent, type ScoreEvent, scoreEventSchema, scoreTail } from "./events.ts";

const TRACEPARENT = `00-${"a".repeat(32)}-${"1".repeat(16)}-01`;
const ANN = {
  score: "-5",
  reached_at: "7",
  updated_at: "7",
  board: "main",
  user_id: "ann",
  name: "Name of ann",
  region: "EU",
};
/** An event as `submit.lua` spells it. */
const written = (rest: Partial<ScoreEvent> = {}) => {
  const { score, reached_at, updated_at, ...members } = { ...ANN, ...rest };
  return `${JSON.stringify({ score, reached_at, updated_at }).slice(0, -1)},${scoreTail(members)}`;
};
const bySchema = (text: string) => {
  try {
    return scoreEventSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

test.each([
  ["as it is written", written()],
  ["traced", written({ traceparent: TRACEPARENT })],
  ["a name in any script", written({ name: "Ωmega 日本 🎮 é" })],
  ["a name of 200 characters", written({ name: "x".repeat(200) })],
  ["times of today", written({ reached_at: "1767225600000000", updated_at: "1767225600000001" })],
])("%s is read, with the result of the schema", (_, text) => {
  const event = readScoreEvent(text);
  expect(event).toBeDefined();
  expect(event).toEqual(bySchema(text));
});

test.each([
  ["a quote in a name", written({ name: 'a"b' })],
  ["a backslash in a name", written({ name: "a\\b" })],
  ["a control character", written({ name: "a\u0085b" })],
  ["what was not UTF-8", written({ name: "a\ufffdb" })],
  ["a name of 201 characters", written({ name: "x".repeat(201) })],
  ["200 characters of two units each", written({ name: "🎮".repeat(200) })],
  ["no name", written({ name: "" })],
  ["a score of 16 digits", written({ score: "9007199254740992" })],
  ["a time that is not exact", written({ updated_at: "9007199254740992" })],
  ["a time of 17 digits", written({ updated_at: "17672256000000000" })],
  ["an id of 65 characters", written({ user_id: "a".repeat(65) })],
  ["a region of 51 characters", written({ region: "E".repeat(51) })],
  ["a span that is none", written({ traceparent: `00-${"a".repeat(32)}-${"0".repeat(16)}-01` })],
  ["a trace that is none", written({ traceparent: `00-${"0".repeat(32)}-${"1".repeat(16)}-01` })],
  ["an erasure", '{"erased":true,"updated_at":"7","user_id":"ann","region":"EU"}'],
  ["one member more", `${written().slice(0, -1)},"erased":true}`],
  ["another order", JSON.stringify(Object.fromEntries(Object.entries(ANN).reverse()))],
  ["another line", `${written()}\n`],
  ["two events", written().repeat(2)],
])("%s is left to the schema", (_, text) => {
  expect(readScoreEvent(text)).toBeUndefined();
});

/** Mostly valid text, sometimes nearly valid, sometimes anything. */
const mostly = (good: RegExp, ...odd: fc.Arbitrary<string>[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.stringMatching(good) },
    ...[...odd, fc.string({ unit: "binary", maxLength: 3 })].map((arbitrary) => ({ weight: 1, arbitrary })),
  );

test("the fast reader returns what JSON and the schema return", () => {
  const name = fc.string({ unit: "grapheme", maxLength: 201 });
  const score = mostly(/^-?\d{1,16}$/, fc.bigInt(-(2n ** 54n), 2n ** 54n).map(String));
  const time = mostly(/^\d{1,17}$/, fc.bigInt(2n ** 52n, 2n ** 54n).map(String));
  const event = fc
    .record({
      score,
      reached_at: time,
      updated_at: time,
      board: mostly(/^[a-z0-9_-]{1,33}$/, fc.constantFrom("main", "_main", "")),
      user_id: mostly(/^[A-Za-z0-9_-]{1,65}$/),
      name: mostly(/^\w{1,201}$/, name),
      region: mostly(/^[A-Z]{1,51}$/),
      traceparent: fc.option(mostly(/^0[01]-[01]{32}-[01a]{16}-01$/), { nil: undefined }),
    })
    .map((members) => JSON.stringify(members));
  const cut = fc
    .tuple(event, fc.nat(400), fc.nat(3), fc.string({ unit: "binary", maxLength: 2 }))
    .map(([whole, at, length, put]) => whole.slice(0, at) + put + whole.slice(at + length));
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(event, cut), (text) => {
      const candidate = Buffer.from(text).toString("utf8"); // leaves no lone surrogate
      const found = readScoreEvent(candidate);
      if (found === undefined) return;
      read++;
      expect(found).toEqual(scoreEventSchema.parse(JSON.parse(candidate)));
    }),
    { numRuns: 5_000 },
  );
  expect(read).toBeGreaterThan(300);
});
