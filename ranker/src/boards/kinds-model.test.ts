import { beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Entry, WrittenEntry } from "shared/api/entries";
import type { Ties } from "shared/api/fields";
import { createTopology } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { scratchRedisClient } from "testing/scratch";
import { flushAll } from "testing/whole-store";
import { type Built, player, startUnderTest } from "../../test/ranker-under-test.ts";

const under = await forFile(startUnderTest());
const second = await forFile(scratchRedisClient());
beforeEach(async () => {
  await Promise.all([flushAll(under.redis), flushAll(second.redis)]);
});

const REGIONS = ["GLOBAL", "EU"];
const TIES: readonly Ties[] = ["arrival", "shared"];
const OPERATIONS = ["set", "best", "add", "create"] as const;

interface Kind {
  order: "desc" | "asc";
  operation: (typeof OPERATIONS)[number];
  sub: "desc" | "asc" | null;
  decimals: number;
}
const kinds: Kind[] = (["desc", "asc"] as const).flatMap((order) =>
  OPERATIONS.flatMap((operation) =>
    (["desc", "asc", null] as const).flatMap((sub) => [0, 2].map((decimals) => ({ order, operation, sub, decimals }))),
  ),
);

/** Each by another measure; the first has a tier for the rest. */
const TIERS = [
  { by: "rank", steps: [{ id: "gold", upto: 1 }, { id: "silver", upto: 4 }, { id: "rest" }] },
  {
    by: "percentile",
    steps: [
      { id: "gold", upto: 12.5 },
      { id: "silver", upto: 60 },
    ],
  },
  { by: "score", steps: [{ id: "gold" }, { id: "silver" }] },
] as const;

interface Modelled {
  userId: string;
  region: string;
  /** In units of the last decimal. */
  units: number;
  sub: number;
  /** Place in the sequence of arrivals: each is later than the one before, on any shard. */
  arrival: number;
}
type Scored = Pick<Modelled, "units" | "sub">;
interface Act {
  player: number;
  operation: Kind["operation"];
  units: number;
  sub: number | undefined;
  hides: boolean | undefined;
  /** How the ranks of the answer count equal entries. */
  ties: Ties;
}

/** A board of one kind at its simplest: one array, sorted when it is read. */
class Model {
  readonly entries = new Map<string, Modelled>();
  readonly hidden = new Set<string>();
  #arrivals = 0;
  readonly #kind: Kind;
  readonly #tiers: (typeof TIERS)[number];

  constructor(kind: Kind, tiers: (typeof TIERS)[number]) {
    this.#kind = kind;
    this.#tiers = tiers;
  }

  /** Negative where the first is the better one. */
  #compare(a: Scored, b: Scored): number {
    const { order, sub } = this.#kind;
    return (order === "asc" ? a.units - b.units : b.units - a.units) || (sub === "asc" ? a.sub - b.sub : b.sub - a.sub);
  }

  /** @returns whether the entry got another place; undefined where there is one already */
  write(userId: string, region: string, { operation, units, sub = 0 }: Act): boolean | undefined {
    const old = this.entries.get(userId);
    if (operation === "create" && old !== undefined) return undefined;
    const given = { userId, region, units, sub: this.#kind.sub === null ? 0 : sub };
    if (operation === "add" && old !== undefined) {
      given.units += old.units;
      given.sub += old.sub;
    }
    if (old !== undefined && operation === "best" && this.#compare(given, old) >= 0) return false;
    if (old?.units === given.units && old.sub === given.sub) return false;
    this.entries.set(userId, { ...given, arrival: this.#arrivals++ });
    return true;
  }

  view(region: string): Modelled[] {
    return [...this.entries.values()]
      .filter((entry) => (region === "GLOBAL" || entry.region === region) && !this.hidden.has(entry.userId))
      .sort((a, b) => this.#compare(a, b) || a.arrival - b.arrival);
  }

  scoreOf = ({ units }: Scored): number => Number((units / 10 ** this.#kind.decimals).toFixed(this.#kind.decimals));

  /** The rank in a view; null for a player who is not in it. */
  rankOf(region: string, userId: string, ties: Ties): number | null {
    const view = this.view(region);
    const index = view.findIndex((entry) => entry.userId === userId);
    const [self] = index < 0 ? [] : view.slice(index);
    return self === undefined ? null : ties === "shared" ? 1 + this.#betterThan(view, self) : 1 + index;
  }

  #betterThan = (view: readonly Modelled[], at: Scored) => view.filter((each) => this.#compare(each, at) < 0).length;

  /** The rank of one who got this score now, and the entries that are ahead. */
  wouldBe(region: string, at: Scored, ties: Ties): { rank: number; ahead: number } {
    const view = this.view(region);
    const ahead = view.filter((each) => this.#compare(each, at) <= 0).length;
    return { rank: 1 + (ties === "shared" ? this.#betterThan(view, at) : ahead), ahead };
  }

  /** What every answer says of an entry. */
  show(region: string, { userId, ...entry }: Modelled, ties: Ties) {
    const rank = this.rankOf(region, userId, ties);
    const shown = {
      user_id: userId,
      rank,
      score: this.scoreOf(entry),
      tier: this.#tier(region, entry, rank),
    };
    return this.#kind.sub === null ? shown : { ...shown, sub: entry.sub };
  }

  #tier(region: string, { units }: Pick<Modelled, "units">, rank: number | null): string | null {
    if (rank === null) return null;
    const total = this.view(region).length;
    const better = this.#kind.order === "asc" ? -units : units;
    if (this.#tiers.by === "rank") return rank === 1 ? "gold" : rank <= 4 ? "silver" : "rest";
    if (this.#tiers.by === "score") return better >= 2 ? "gold" : better >= -1 ? "silver" : null;
    const ahead = rank - 1;
    return ahead < total * 0.125 ? "gold" : ahead < total * 0.6 ? "silver" : null;
  }
}

/** `around` by its definition: the nearest neighbours, refilled at the ends of the board. */
function windowAround(sorted: Modelled[], index: number, range: number): Modelled[] {
  const others = sorted.filter((_, place) => place !== index);
  const first = Math.max(0, Math.min(index - range, others.length - 2 * range));
  return others.slice(first, first + 2 * range);
}

/** The same of a place that no entry need hold, behind `ahead` entries. */
function windowAbout(sorted: Modelled[], ahead: number, range: number): Modelled[] {
  const first = Math.max(0, Math.min(ahead - range, sorted.length - 2 * range));
  return sorted.slice(first, first + 2 * range);
}

/** A player may be created once, so that sets go between. */
const operationsOf = (operation: Kind["operation"]): Kind["operation"][] =>
  operation === "create" ? ["create", "set"] : [operation];

const acts = ({ operation, sub }: Kind): fc.Arbitrary<Act[]> =>
  fc.array(
    fc.record({
      player: fc.integer({ min: 0, max: 7 }),
      operation: fc.constantFrom(...operationsOf(operation)),
      units: fc.integer({ min: -3, max: 3 }),
      sub: sub === null ? fc.constant(undefined) : fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
      hides: fc.option(fc.boolean(), { nil: undefined, freq: 4 }),
      ties: fc.constantFrom(...TIES),
    }),
    { minLength: 1, maxLength: 24 },
  );

interface Played {
  ranker: Built;
  board: string;
  model: Model;
  kind: Kind;
}

/** Each answer says what the array says: of hidden players everything but the rank and the tier. */
async function play({ ranker, board, model, kind }: Played, played: Act[]): Promise<void> {
  for (const act of played) {
    const identity = player(`${board}-${act.player}`, REGIONS[act.player % REGIONS.length]);
    const { userId, region } = identity;
    if (act.hides !== undefined) {
      if (act.hides) model.hidden.add(userId);
      else model.hidden.delete(userId);
      await ranker.setVisibility(identity, { hidden: act.hides });
    }
    const old = model.entries.get(userId);
    const rankBefore = model.rankOf(region, userId, act.ties);
    const changed = model.write(userId, region, act);
    const { operation, sub, ties } = act;
    const value = act.units / 10 ** kind.decimals;
    const written = ranker.submit(identity, { operation, board, value, sub, ties });
    if (changed === undefined) {
      await expect(written).rejects.toMatchObject({ code: "entry_exists" });
      continue;
    }
    const { entry } = await written;
    const now = model.entries.get(userId);
    if (now === undefined) throw new Error("not written");
    const previous = old === undefined ? null : { score: model.scoreOf(old), rank: rankBefore };
    expect(told(entry)).toEqual({ ...model.show(region, now, act.ties), changed, previous });
  }
}

/** Name, region and times have tests of their own. */
function told({ name: _, region: __, updated_at: ___, ...rest }: Entry | WrittenEntry) {
  return rest;
}

async function expectLikeModel({ ranker, board, model, kind }: Played, view: string, ties: Ties): Promise<void> {
  const { boards } = ranker;
  const sorted = model.view(view);
  const shown = sorted.map((entry) => model.show(view, entry, ties));
  const total = sorted.length;
  for (const limit of [2, 1000]) {
    const top = await boards.top(view, board, limit, { ties });
    expect([top.total, top.entries.map(told)]).toEqual([total, shown.slice(0, limit)]);
  }
  for (const [index, entry] of sorted.entries()) {
    const { userId } = entry;
    const rank = shown[index]?.rank ?? 0;
    const rounded = Math.round((10_000 * (total - rank + 1)) / total) / 100;
    const percentile = rank === 1 ? 100 : rounded;
    for (const withDetails of [false, true]) {
      const found = await boards.rank(view, board, userId, { ties, withDetails });
      expect(told(found)).toMatchObject({ ...shown[index], total, percentile });
    }
    for (const range of [1, 2]) {
      const around = await boards.around(view, board, userId, range, { ties });
      expect([told(around.self), around.around.map(told), around.total]).toEqual([
        model.show(view, entry, ties),
        windowAround(sorted, index, range).map((each) => model.show(view, each, ties)),
        total,
      ]);
    }
  }
  for (const at of [-9, -2, 0, 1, 9].flatMap((units) => [0, 1].map((sub) => ({ units, sub })))) {
    if (kind.sub === null && at.sub > 0) continue;
    const { rank, ahead } = model.wouldBe(view, at, ties);
    const score = model.scoreOf(at);
    const given = kind.sub === null ? { score } : { score, sub: at.sub };
    const around = await boards.aroundScore(view, board, given, 2, { ties });
    expect({ ...around, around: around.around.map(told) }).toEqual({
      region: view,
      total,
      ...given,
      would_be_rank: rank,
      around: windowAbout(sorted, ahead, 2).map((each) => model.show(view, each, ties)),
    });
  }
  for (const userId of model.hidden) {
    await expect(boards.rank(view, board, userId)).rejects.toMatchObject({ code: "not_ranked" });
  }
}

describe.each([
  [1, "one server", () => under.redis],
  [16, "one server", () => under.redis],
  [1, "two servers", (region: string) => (region === "EU" ? second.redis : under.redis)],
  [16, "two servers", (region: string) => (region === "EU" ? second.redis : under.redis)],
])("with %d partitions a region on %s", (partitions, _servers, redisOf) => {
  test.each(kinds.map((kind) => [Object.values(kind).join(" "), kind] as const))(
    "%s: every answer is that of a sorted array",
    async (_, kind) => {
      const topology = createTopology(REGIONS, partitions, ["main"]);
      await openFences(second.redis, topology);
      const ranker = await under.build({ topology, redisOf });
      const token = await ranker.tokens.issueOperator({ name: "root" }, 600);
      const { order, operation, sub, decimals } = kind;
      const operator = operation === "create" ? "set" : operation;
      let boards = 0;
      await fc.assert(
        fc.asyncProperty(acts(kind), fc.constantFrom(...TIERS), async (played, tiers) => {
          const board = `k${boards++}`;
          const operators = operationsOf(operation);
          const sign = order === "asc" ? -1 : 1;
          const steps =
            tiers.by === "score"
              ? tiers.steps.map((step, index) => ({ ...step, upto: (sign * (index === 0 ? 2 : -1)) / 10 ** decimals }))
              : tiers.steps;
          const definition = { order, operator, operators, sub, decimals, tiers: { by: tiers.by, steps } };
          const made = await ranker.app.request(`/boards/${board}`, {
            method: "PUT",
            headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
            body: JSON.stringify(definition),
          });
          expect(made.status).toBe(201);
          const it = { ranker, board, model: new Model(kind, tiers), kind };
          await play(it, played);
          for (const view of REGIONS) for (const ties of TIES) await expectLikeModel(it, view, ties);
        }),
        { numRuns: 4 },
      );
    },
  );
});
