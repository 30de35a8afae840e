import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Ties } from "shared/api/fields";
import { ARRIVAL_DIGITS } from "shared/base/times";
import { configuredBoard } from "shared/model/board";
import { createTopology, type Shard } from "shared/model/regions";
import { boardKey } from "shared/redis/keys";
import { primariesOf } from "shared/redis/redis";
import { defineScript } from "shared/redis/scripts/define-script";
import { membersPart } from "shared/redis/scripts/parts";
import { parseInfo } from "testing/redis/server-cost";
import { flushAll } from "testing/whole-store";
import { startUnderTest, type UnderTest } from "../../../test/ranker-under-test.ts";
import { rankedIn } from "../../seasons/ranked-board.ts";
import { toGroup } from "../groups/shard-groups.ts";
import type { Position } from "../shard-entry.ts";
import countAhead from "./count-ahead.lua" with { type: "text" };
import { createReadRank } from "./read-rank.ts";

let under: UnderTest;
beforeAll(async () => {
  under = await startUnderTest();
});
afterAll(() => under.close());
beforeEach(() => flushAll(under.redis));

const topology = createTopology(["EU"], 1, ["main"]);
const shard = topology.shards[0] as Shard;
const readRank = createReadRank(topology);
const SCORE = 7;
const OTHERS = 40;

const memberOf = (arrival: number, id: string) => String(arrival).padStart(ARRIVAL_DIGITS, "0") + id;
const NOON = 7_000_000_000_000_000;

/** Arrivals of n entries with the same score, in any order. */
const spreads: Record<string, (n: number) => number[]> = {
  evenly: (n) => Array.from({ length: n }, (_, i) => NOON + 1_000 * i),
  "more and more seldom": (n) => Array.from({ length: n }, (_, i) => NOON + i ** 4),
  "in two crowds": (n) => Array.from({ length: n }, (_, i) => NOON + i + (i % 2) * 1e12),
  "but for one at once": (n) => Array.from({ length: n }, (_, i) => NOON + (i === 0 ? -1e12 : i)),
  "at the same moment": (n) => Array.from({ length: n }, () => NOON),
};

/** Writes these entries of one score, between others with higher and lower scores. */
async function seed(arrivals: readonly number[]): Promise<Position[]> {
  const tied = arrivals.map((arrival, i) => ({ score: SCORE, member: memberOf(arrival, `_tied-${i}`) }));
  const others = Array.from({ length: OTHERS }, (_, i) => ({
    score: SCORE + (i % 2 === 0 ? 1 : -1),
    member: memberOf(arrivals[i % arrivals.length] ?? NOON, `other-${i}`),
  }));
  const entries = [...tied, ...others];
  await under.redis.zadd(boardKey(shard, "main"), ...entries.flatMap(({ score, member }) => [score, member]));
  return entries;
}

const isAhead = (a: Position, b: Position) => a.score > b.score || (a.score === b.score && a.member > b.member);

/** Places before, beside and behind the entries with the score. */
function placesAmong(entries: readonly Position[]): string[] {
  const members = entries.filter(({ score }) => score === SCORE).map(({ member }) => member);
  const step = Math.max(1, Math.floor(members.length / 12));
  const beside = members.filter((_, i) => i % step === 0 || i < 3 || i > members.length - 3);
  const arrivalOf = (member: string) => Number(member.slice(0, ARRIVAL_DIGITS));
  return [
    ...beside.flatMap((member) => [
      `${member}-`,
      memberOf(arrivalOf(member), "A"),
      memberOf(arrivalOf(member) + 1, "z"),
    ]),
    memberOf(NOON * 1.2, "first"),
    memberOf(1, "last"),
  ];
}

async function countBefore(
  member: string,
  ties: Ties = "arrival",
  board = rankedIn(configuredBoard("main"), 0),
): Promise<number | undefined> {
  return (await readRank({ group: toGroup(() => under.redis, [shard]), board, ties }, { score: SCORE, member })).before;
}

test.each(Object.keys(spreads).flatMap((spread) => [1, 2, 5, 17, 90, 700].map((n) => [n, spread] as const)))(
  "among %d entries of one score that came %s, the entries ahead of any position are counted exactly",
  async (n, spread) => {
    const entries = await seed(spreads[spread]?.(n) ?? []);
    for (const member of placesAmong(entries)) {
      const ahead = entries.filter((entry) => isAhead(entry, { score: SCORE, member })).length;
      expect({ member, before: await countBefore(member) }).toEqual({ member, before: ahead });
    }
  },
);

test("a position whose score no entry has is counted on an empty board and beside others", async () => {
  expect(await countBefore(memberOf(NOON, "ada"))).toBe(0);
  await under.redis.zadd(boardKey(shard, "main"), SCORE + 1, memberOf(NOON, "bob"), SCORE - 1, memberOf(NOON, "eve"));
  expect(await countBefore(memberOf(NOON, "ada"))).toBe(1);
});

test.each([1, 5, 17, 90, 700])(
  "behind %d entries of a score are who gets it, and ahead of them the better ones",
  async (n) => {
    await seed(spreads.evenly?.(n) ?? []);
    const better = OTHERS / 2;
    expect(await countBefore("")).toBe(better + n);
    for (const member of ["", memberOf(NOON, "_tied-0"), memberOf(NOON + 1, "-")]) {
      expect(await countBefore(member, "shared")).toBe(better);
    }
  },
);

const withSub = rankedIn({ ...configuredBoard("main"), sub: "desc" }, 0);
const subKeys: Record<string, (i: number) => number> = {
  one: () => 7,
  few: (i) => i % 3,
  all: (i) => i,
  far: (i) => (i % 2 === 0 ? i : Number.MAX_SAFE_INTEGER - i),
};

test.each(Object.keys(subKeys).flatMap((keys) => [1, 17, 90, 700].map((n) => [n, keys] as const)))(
  "of %d entries with %s sub-scores those of a better one are ahead of a shared rank, and all of the same of a new entry",
  async (n, keys) => {
    const toKey = (key: number) => memberOf(key, "");
    const entries = Array.from({ length: n }, (_, i) => ({
      key: subKeys[keys]?.(i) ?? 0,
      member: toKey(subKeys[keys]?.(i) ?? 0) + memberOf(NOON + i, `p${i}`),
    }));
    const beside = [SCORE + 1, memberOf(0, memberOf(NOON, "up")), SCORE - 1, memberOf(9, memberOf(NOON, "down"))];
    await under.redis.zadd(boardKey(shard, "main"), ...entries.flatMap(({ member }) => [SCORE, member]), ...beside);
    for (const key of new Set([
      0,
      1,
      2,
      7,
      n,
      Number.MAX_SAFE_INTEGER,
      ...entries.slice(0, 40).map((each) => each.key),
    ])) {
      const [better, same] = [entries.filter((each) => each.key > key), entries.filter((each) => each.key === key)];
      const counted = {
        key,
        shared: await countBefore(toKey(key), "shared", withSub),
        ofEntry: await countBefore(same[0]?.member ?? `${toKey(key)}${memberOf(NOON, "x")}`, "shared", withSub),
        behind: await countBefore(toKey(key), "arrival", withSub),
      };
      const expected = { key, shared: 1 + better.length, ofEntry: 1 + better.length };
      expect(counted).toEqual({ ...expected, behind: 1 + better.length + same.length });
    }
  },
);

/** Commands on sorted sets that the servers have run. */
async function commandsRun(): Promise<number> {
  const infos = await Promise.all(primariesOf(under.redis).map((server) => server.info("commandstats")));
  const stats = infos.flatMap((info) => [...parseInfo(info)].filter(([name]) => name.startsWith("cmdstat_z")));
  return stats.reduce((total, [, text]) => total + Number(/^calls=(\d+)/.exec(text)?.[1]), 0);
}

const MANY = 5_000;

async function costOf(member: string): Promise<number> {
  const before = await commandsRun();
  await countBefore(member);
  return (await commandsRun()) - before;
}

test("a position before or behind all of many entries of its score costs at most five commands", async () => {
  await seed(spreads.evenly?.(MANY) ?? []);
  for (const arrival of [NOON - 1, NOON + 1_000 * MANY]) {
    expect(await costOf(memberOf(arrival, "place"))).toBeLessThanOrEqual(5);
  }
});

test.each([
  ["evenly", 10],
  ["more and more seldom", 27],
  ["but for one at once", 27],
] as const)("among many entries that came %s, a position costs no more than %d commands", async (spread, most) => {
  const entries = await seed(spreads[spread]?.(MANY) ?? []);
  for (let i = 1; i < MANY; i += 250) {
    expect(await costOf(`${entries[i]?.member}-`)).toBeLessThanOrEqual(most);
  }
});

const CALL = "local call, sub = redis.call, string.sub\n";
const COUNTING_CALL = `
local sub, most = string.sub, 0
local function call(...)
  local reply = redis.call(...)
  if type(reply) == 'table' then most = math.max(most, #reply) end
  return reply
end
`;
/** Runs count_ahead. Replies the entries ahead, and the most entries that one command has read. */
const countReading = defineScript({
  name: "count-reading",
  source: `${countAhead.replace(CALL, COUNTING_CALL)}
    return {count_ahead(KEYS[1], ARGV[1], ARGV[2]), most}`,
  parts: [membersPart],
  parse: (reply) => reply as [ahead: number, most: number],
});
const READ_AT_ONCE_MAX = 16;

test("a command never reads more than a few entries of a crowd of one moment, however far away the position is", async () => {
  expect(countAhead).toContain(CALL);
  const crowd = Array.from({ length: MANY }, (_, i) => NOON + i);
  await seed(crowd);
  const days = 24 * 60 * 60 * 1_000_000;
  for (const [place, tiedAhead] of [
    [NOON + 30 * days, 0],
    [NOON - 30 * days, MANY],
    [NOON + MANY / 2, MANY / 2 - 1],
  ] as const) {
    const [ahead, most] = await countReading(under.redis, [boardKey(shard, "main")], [SCORE, memberOf(place, "~")]);
    expect({ place, ahead }).toEqual({ place, ahead: OTHERS / 2 + tiedAhead });
    expect(most).toBeLessThanOrEqual(READ_AT_ONCE_MAX);
  }
});
