import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Entry } from "shared/api/entries";
import type { Ties } from "shared/api/fields";
import { toIsoTime } from "shared/base/times";
import { tierOf } from "shared/entries/tiers";
import { type Board, boardSchema, configuredBoard, toDefinition } from "shared/model/board";
import { createTopology, GLOBAL } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { ENDS, type EndedRow, STARTS, startArchives } from "../../test/archives-under-test.ts";
import { toScorePosition } from "../boards/around/score-position.ts";
import { toPercentile } from "../boards/entry-views.ts";
import { BEHIND_ALL, type PageStart } from "../boards/pages/page.ts";
import { rankedIn } from "../seasons/ranked-board.ts";
import { type ArchivedPageView, createArchives } from "./archives.ts";

const REGIONS = ["GLOBAL", "ASIA", "EU", "NA"];
const RUNS = 25;
const TIES: readonly Ties[] = ["arrival", "shared"];
/** Some of which players have, and some better and worse than all. */
const SCORES = [-3, -1, 0, 2, 4].flatMap((units) => [0, 1].map((sub) => ({ units, sub })));

const kinds = fc.record({
  order: fc.constantFrom<Board["order"][]>("desc", "asc"),
  sub: fc.constantFrom<Board["sub"][]>("desc", "asc", null),
  decimals: fc.constantFrom(0, 2),
});
/** Few scores and instants, so that players tie in all of them, over regions. */
const players = fc.uniqueArray(
  fc.record({
    userId: fc.string({ unit: fc.constantFrom("a", "B", "b", "-", "1", "Z"), minLength: 1, maxLength: 4 }),
    region: fc.nat(3),
    units: fc.integer({ min: -2, max: 2 }),
    sub: fc.nat(1),
    reachedAt: fc.nat(2),
    hiddenAtEnd: fc.boolean(),
    later: fc.constantFrom("stays", "stays", "stays", "hidden", "shown", "erased"),
  }),
  { selector: ({ userId }) => userId, maxLength: 40 },
);
type Modelled = Omit<typeof players extends fc.Arbitrary<(infer P)[]> ? P : never, "region"> & { region: string };

type Placed = Pick<Modelled, "units" | "sub">;

const isShown = ({ hiddenAtEnd, later }: Modelled) =>
  later !== "erased" && (later === "stays" ? !hiddenAtEnd : later === "shown");

/** `range` neighbours a side of a place behind `ahead` entries, refilled at the ends. */
function neighboursOf(entries: readonly Entry[], ahead: number, range: number): Entry[] {
  const after = entries.length - ahead;
  const above = Math.min(ahead, range + Math.max(0, range - after));
  return entries.slice(ahead - above, ahead + Math.min(after, 2 * range - above));
}

/** The season as one array. */
class Model {
  readonly #sorted: readonly Modelled[];
  readonly #compare: (a: Placed, b: Placed) => number;
  constructor(
    readonly board: Board,
    all: readonly Modelled[],
  ) {
    const byId = (a: Modelled, b: Modelled) => (a.userId < b.userId ? 1 : -1);
    const sign = (order: "desc" | "asc" | null) => (order === null ? 0 : order === "desc" ? 1 : -1);
    this.#compare = (a, b) => sign(board.order) * (b.units - a.units) || sign(board.sub) * (b.sub - a.sub);
    this.#sorted = all.toSorted((a, b) => this.#compare(a, b) || a.reachedAt - b.reachedAt || byId(a, b));
  }

  #of = (view: string) => this.#sorted.filter(({ region }) => view === GLOBAL || region === view);

  /**
   * The rank that a score would have had at the end, and how many of the entries shown are ahead.
   */
  place(view: string, at: Placed, ties: Ties): { rank: number; ahead: number } {
    const ofView = this.#of(view);
    const counted = ofView.filter(({ hiddenAtEnd }) => !hiddenAtEnd);
    const isAhead = (each: Placed) => this.#compare(each, at) < (ties === "shared" ? 0 : 1);
    const isShownAhead = (each: Modelled) => isShown(each) && this.#compare(each, at) <= 0;
    return { rank: 1 + counted.filter(isAhead).length, ahead: ofView.filter(isShownAhead).length };
  }

  /** The entries that a view shows now, with the ranks of the end. */
  read(view: string, ties: Ties): { total: number; entries: Entry[] } {
    const { board } = this;
    const ofView = this.#of(view);
    const total = ofView.filter(({ hiddenAtEnd }) => !hiddenAtEnd).length;
    let ahead = 0;
    const entries = ofView.flatMap((each) => {
      const { userId, region, units, sub, reachedAt, hiddenAtEnd } = each;
      const rank = ties === "shared" ? this.place(view, each, ties).rank : ahead + 1;
      if (!hiddenAtEnd) ahead++;
      if (!isShown(each)) return [];
      const score = units / 10 ** board.decimals + 0;
      const entry: Entry = {
        rank,
        user_id: userId,
        name: `Name of ${userId}`,
        region,
        score,
        updated_at: toIsoTime(STARTS + reachedAt),
      };
      if (board.sub !== null) entry.sub = sub;
      if (board.tiers !== null) entry.tier = tierOf(board.tiers, { rank, total, score }, board.order === "asc");
      return [entry];
    });
    return { total, entries };
  }
}

let lastSeason = 0;

const deployments = [
  { name: "4 regions in one database", regions: REGIONS, under: await forFile(startArchives(REGIONS, [])) },
  { name: "4 regions in two databases", regions: REGIONS, under: await forFile(startArchives(REGIONS, ["EU", "NA"])) },
  { name: "1 region", regions: ["EU"], under: await forFile(startArchives(["EU"], [])) },
];

describe.each(deployments)("an archive of $name", ({ regions, under }) => {
  const archives = createArchives(createTopology(regions, 1, []), under.archives);
  const season = { season: 1, startsAt: STARTS, endsAt: ENDS };
  const times = { season: 1, starts_at: toIsoTime(STARTS), ends_at: toIsoTime(ENDS) };

  async function keep(kind: Pick<Board, "order" | "sub" | "decimals">, all: readonly Modelled[]): Promise<Board> {
    const tiers = { by: "percentile" as const, steps: [{ id: "gold", upto: 30 }, { id: "rest" }] };
    const definition = toDefinition(boardSchema.parse({ ...kind, tiers }));
    const board: Board = { ...configuredBoard("cup"), ...definition, id: `cup-${++lastSeason}` };
    const keyOf = (order: "desc" | "asc", value: number, most: number) => (order === "desc" ? value : most - value);
    const rows = all.map(({ userId, region, units, sub, reachedAt }): EndedRow => {
      const subKey = board.sub && keyOf(board.sub, sub, Number.MAX_SAFE_INTEGER);
      const sortKey = keyOf(board.order, units, 0);
      const scored = { score: units, sortKey, sub: board.sub && sub, subKey };
      return { ...scored, region, userId, reachedAt: STARTS + reachedAt, metadata: `{"of":"${userId}"}` };
    });
    for (const { region, userId, hiddenAtEnd } of all) if (hiddenAtEnd) await under.setHidden(region, userId, true);
    await under.archive(board.id, 1, rows);
    return board;
  }

  async function change(all: readonly Modelled[]): Promise<void> {
    for (const { region, userId, later } of all) {
      if (later === "erased") await under.erase(region, userId);
      else if (later !== "stays") await under.setHidden(region, userId, later === "hidden");
    }
  }

  async function compare(model: Model, ties: Ties): Promise<void> {
    const board = rankedIn(model.board, 1);
    for (const view of [GLOBAL, ...regions.filter((region) => region !== GLOBAL)]) {
      const question = { view, board, season, withDetails: false, allowsPartial: false, ties };
      const { total, entries } = model.read(view, ties);
      const shown = { region: view, total, ...times };
      for (const limit of [1, 3, 1_000]) {
        expect(await archives.top(question, limit)).toEqual({ ...shown, entries: entries.slice(0, limit) });
      }
      const some = entries.filter((_, place) => place % 3 !== 1);
      const isTied = (a: Entry, b: Entry) => a.score === b.score && a.sub === b.sub;
      const among = (entry: Entry, index: number) =>
        1 + (ties === "shared" ? some.findIndex((each) => isTied(each, entry)) : index);
      const asked = ["nobody", ...some.map(({ user_id }) => user_id)];
      expect<unknown>(await archives.ranks(question, asked)).toEqual({
        ...shown,
        entries: some.map((entry, index) => ({ ...entry, position: among(entry, index) })),
        not_ranked: ["nobody"],
      });
      for (const [place, entry] of entries.entries()) {
        const rank = entry.rank ?? 0;
        const standing = { rank, total, percentile: toPercentile(rank, total), ...times };
        expect(await archives.rank(question, entry.user_id)).toEqual({ ...entry, ...standing });
        const range = 1 + (place % 3);
        const around = neighboursOf(entries.toSpliced(place, 1), place, range);
        expect(await archives.around(question, entry.user_id, range)).toEqual({ ...shown, self: entry, around });
      }
      for (const at of SCORES) {
        if (board.sub === null && at.sub > 0) continue;
        const { rank, ahead } = model.place(view, at, ties);
        const score = at.units / 10 ** board.decimals + 0;
        const given = board.sub === null ? { score } : { score, sub: at.sub };
        const range = 1 + (Math.abs(at.units) % 3);
        expect(await archives.aroundScore(question, toScorePosition(board, given), range)).toEqual({
          ...shown,
          ...given,
          would_be_rank: rank,
          around: neighboursOf(entries, ahead, range),
        });
      }
    }
  }

  /** Walks both ways, and reads a page from each rank on. */
  async function comparePages(model: Model, ties: Ties): Promise<void> {
    for (const view of [GLOBAL, ...regions.filter((region) => region !== GLOBAL)]) {
      const question = {
        view,
        board: rankedIn(model.board, 1),
        season,
        withDetails: false,
        allowsPartial: false,
        ties,
      };
      const { total, entries } = model.read(view, ties);
      const byArrival = model.read(view, "arrival").entries;
      const limit = 1 + (entries.length % 4);
      for (const side of ["after", "before"] as const) {
        const seen: Entry[][] = [];
        let start: PageStart = side === "after" ? { ahead: 0 } : { side, place: BEHIND_ALL };
        for (let isLast = false; !isLast; ) {
          const { view: page, ends }: ArchivedPageView = await archives.page(question, { start, limit });
          expect([page.total, page.entries.length <= limit]).toEqual([total, true]);
          const place = side === "after" ? ends.last : ends.first;
          seen.push(page.entries);
          isLast = place === undefined || !(side === "after" ? ends.hasEntriesBehind : ends.hasEntriesAhead);
          if (place !== undefined) start = { side, place };
        }
        expect(seen.every((page, index) => page.length > 0 || index === 0)).toBe(true);
        expect(side === "after" ? seen.flat() : seen.toReversed().flat()).toEqual(entries);
      }
      for (let from = 1; from <= total + 1; from++) {
        const { view: page, ends } = await archives.page(question, { start: { ahead: from - 1 }, limit });
        const first = byArrival.findIndex(({ rank }) => rank !== null && rank >= from);
        const begin = first < 0 ? entries.length : first;
        expect(page.entries).toEqual(entries.slice(begin, begin + limit));
        const has = { hasEntriesAhead: begin > 0, hasEntriesBehind: begin + limit < entries.length };
        expect(ends).toMatchObject(has);
      }
    }
  }

  test(
    "answers as a sorted array does, in both ties modes, and keeps all ranks when players are hidden, shown again or erased",
    () =>
      fc.assert(
        fc.asyncProperty(kinds, players, async (kind, some) => {
          for (const database of under.databases.all) await database.run((sql) => sql`TRUNCATE visibility, erasures`);
          // An erased player has no id any more that could decide a tie with other regions.
          const all = some.map((each, n) => ({
            ...each,
            region: regions[each.region % regions.length] ?? "",
            reachedAt: each.later === "erased" ? 3 + n : each.reachedAt,
          }));
          const board = await keep(kind, all);
          const stays = all.map((each) => ({ ...each, later: "stays" as const }));
          for (const ties of TIES) await compare(new Model(board, stays), ties);
          await change(all);
          for (const ties of TIES) await compare(new Model(board, all), ties);
          for (const ties of TIES) await comparePages(new Model(board, all), ties);
        }),
        { numRuns: RUNS },
      ),
    120_000,
  );

  test("a page begins with the first of many who share its rank, because they were hidden at the end", async () => {
    for (const database of under.databases.all) await database.run((sql) => sql`TRUNCATE visibility, erasures`);
    const all = Array.from({ length: 110 }, (_, n): Modelled => {
      const isHidden = n >= 5 && n < 105;
      return {
        userId: `p${n}`,
        region: regions[n % regions.length] ?? "",
        units: -n,
        sub: 0,
        reachedAt: n,
        hiddenAtEnd: isHidden,
        later: isHidden ? "shown" : "stays",
      };
    });
    const board = await keep({ order: "desc", sub: null, decimals: 0 }, all);
    await change(all);
    await comparePages(new Model(board, all), "arrival");
  });
});
