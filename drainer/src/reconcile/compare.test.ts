import { expect, test } from "bun:test";
import { type Claim, judge } from "./compare.ts";

const row = (version: number, what: string, isSound = true) => ({ updated_at: String(version), what, isSound });
type Row = ReturnType<typeof row>;
const nothing: Claim<Row> = { row: undefined, isWhole: false, isPresent: false };
const pieces: Claim<Row> = { row: undefined, isWhole: false, isPresent: true };
const whole = (claimed: Row): Claim<Row> => ({ row: claimed, isWhole: true, isPresent: true });
const torn = (claimed: Row): Claim<Row> => ({ row: claimed, isWhole: false, isPresent: true });

const redis = row(5, "redis");
const same = { kind: "same" };
const unrepairable = { kind: "unrepairable", keep: "neither" };
const keepRedis = (kind: string, isMending = false) => ({ kind, keep: "redis", row: redis, isMending });
const keepRow = (kind: string, kept: Row) => ({ kind, keep: "postgres", row: kept });

const [older, equal, newer] = [row(4, "sql"), row(5, "sql"), row(6, "sql")];
const unsound = row(9, "sql", false);
const cases: [string, Claim<Row>, Row | undefined, object][] = [
  ["nothing, no row", nothing, undefined, same],
  ["nothing, a row", nothing, equal, keepRow("entry_missing", equal)],
  ["nothing, a row that is none", nothing, unsound, unrepairable],
  ["pieces, no row", pieces, undefined, unrepairable],
  ["pieces, a row", pieces, equal, keepRow("entry_broken", equal)],
  ["whole, no row", whole(redis), undefined, keepRedis("row_missing")],
  ["whole, an older row", whole(redis), older, keepRedis("row_older")],
  ["whole, its row", whole(redis), row(5, "redis"), same],
  ["whole, another row of its version", whole(redis), equal, keepRedis("row_differs")],
  ["whole, a newer row", whole(redis), newer, keepRow("entry_older", newer)],
  ["whole, a row that is none", whole(redis), unsound, keepRedis("row_differs")],
  ["torn, no row", torn(redis), undefined, keepRedis("entry_broken", true)],
  ["torn, an older row", torn(redis), older, keepRedis("entry_broken", true)],
  ["torn, its row", torn(redis), row(5, "redis"), keepRow("entry_broken", row(5, "redis"))],
  ["torn, another row of its version", torn(redis), equal, keepRow("entry_broken", equal)],
  ["torn, a newer row", torn(redis), newer, keepRow("entry_broken", newer)],
];

test.each(cases)("%s", (_, claim, other, verdict) => {
  const isSame = (a: Row, b: Row) => a.what === b.what;
  expect(judge(claim, other, (each) => each.isSound, isSame)).toEqual(verdict as ReturnType<typeof judge<Row>>);
});
