import { expect, test } from "bun:test";
import fc from "fast-check";
import { findRepeatedName } from "../http/body.ts";
import { parseAsSpelled } from "../http/exact-json.ts";
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
  const { score, reached_at, updated_at, sort_key, sub, sub_key, attempts, metadata, ...members } = { ...ANN, ...rest };
  const head = `${JSON.stringify({ score, reached_at, updated_at }).slice(0, -1)},${scoreTail(members)}`;
  const more = JSON.stringify({ sort_key, sub, sub_key, attempts }).slice(1, -1);
  const behind = [more, metadata === undefined ? "" : `"metadata":${metadata}`].filter((text) => text !== "");
  return behind.length === 0 ? head : `${head.slice(0, -1)},${behind.join(",")}}`;
};
const bySchema = (text: string) => {
  try {
    return scoreEventSchema.safeParse(parseAsSpelled(text)).data;
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
  ["the lowest wins", written({ sort_key: "5" })],
  ["sub-scores", written({ sub: "3", sub_key: "3" })],
  ["sub-scores, the lowest first", written({ sub: "3", sub_key: "9007199254740988" })],
  ["the greatest sub-score", written({ sub: "9007199254740991", sub_key: "0", sort_key: "5" })],
  ["attempts", written({ attempts: "1000000" })],
  ["metadata", written({ metadata: '{"a":{"}":[1,{"b":"}"}]}}' })],
  ["numbers as they are spelled", written({ metadata: '{"a":9007199254740993,"b":1.50,"c":1e2}' })],
  [
    "everything",
    written({ traceparent: TRACEPARENT, sort_key: "5", sub: "0", sub_key: "0", attempts: "2", metadata: "{}" }),
  ],
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
  ["a sub-score without its key", written({ sub: "3" })],
  ["a sub-score that is not exact", written({ sub: "9007199254740992", sub_key: "3" })],
  ["a negative sub-score", written({ sub: "-3", sub_key: "3" })],
  ["a key of a sub-score that is not exact", written({ sub: "3", sub_key: "9007199254740992" })],
  ["a ranked score of 16 digits", written({ sort_key: "9007199254740991" })],
  ["metadata that is no object", written({ metadata: "[]" })],
  ["metadata that is no JSON", written({ metadata: "{a}" })],
  ["a member behind the metadata", written({ metadata: '{"a":1},"attempts":{}' })],
  ["the same member twice", written({ attempts: '1","attempts":"2' })],
])("%s is left to the schema", (_, text) => {
  expect(readScoreEvent(text)).toBeUndefined();
});

/** Mostly valid text, sometimes nearly valid, sometimes anything. */
const mostly = (good: RegExp, ...odd: fc.Arbitrary<string>[]) =>
  fc.oneof(
    { weight: 24, arbitrary: fc.stringMatching(good) },
    ...[...odd, fc.string({ unit: "binary", maxLength: 3 })].map((arbitrary) => ({ weight: 1, arbitrary })),
  );

test("the fast reader returns what JSON and the schema return", () => {
  const name = fc.string({ unit: "grapheme", maxLength: 201 });
  const score = mostly(/^-?\d{1,16}$/, fc.bigInt(-(2n ** 54n), 2n ** 54n).map(String));
  const time = mostly(/^\d{1,17}$/, fc.bigInt(2n ** 52n, 2n ** 54n).map(String));
  const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const sub = mostly(/^\d{1,16}$/, fc.bigInt(2n ** 53n - 9n, 2n ** 53n + 9n).map(String));
  // A ranker takes no member of this name.
  const memberName = fc.string().filter((name) => name !== "__proto__");
  const metadata = fc.oneof(
    { weight: 8, arbitrary: fc.dictionary(memberName, fc.jsonValue()).map((value) => JSON.stringify(value)) },
    { weight: 1, arbitrary: fc.json().filter((text) => !text.includes("__proto__")) },
    { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
  );
  const kinds = fc.record({
    sort_key: sometimes(score),
    sub: sometimes(sub),
    sub_key: sometimes(sub),
    attempts: sometimes(mostly(/^\d{1,7}$/)),
    metadata: sometimes(metadata),
  });
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
    .chain((members) => kinds.map((more) => ({ ...members, ...more })))
    .map(({ metadata, ...members }) => {
      const text = JSON.stringify(members);
      return metadata === undefined ? text : `${text.slice(0, -1)},"metadata":${metadata}}`;
    });
  const cut = fc
    .tuple(event, fc.nat(400), fc.nat(3), fc.string({ unit: "binary", maxLength: 2 }))
    .map(([whole, at, length, put]) => whole.slice(0, at) + put + whole.slice(at + length));
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(event, cut), (text) => {
      const candidate = Buffer.from(text).toString("utf8"); // leaves no lone surrogate
      const found = readScoreEvent(candidate);
      // A ranker takes no object that names a member twice, which a cut may make.
      if (found === undefined || findRepeatedName(candidate) !== undefined) return;
      // Nor does it write white space between members, which the schema drops.
      if (/\s/.test(found.metadata?.replaceAll(/"(?:[^"\\]|\\.)*"/g, "") ?? "")) return;
      read++;
      expect(found).toEqual(scoreEventSchema.parse(parseAsSpelled(candidate)));
    }),
    { numRuns: 5_000 },
  );
  expect(read).toBeGreaterThan(200);
});
