import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Entry } from "shared/api/entries";
import { toIsoTime } from "shared/base/times";
import { tierOf } from "shared/entries/tiers";
import { type Board, boardSchema, configuredBoard, toDefinition } from "shared/model/board";
import { createTopology, GLOBAL } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { ENDS, type EndedRow, STARTS, startArchives } from "../../test/archives-under-test.ts";
import { toPercentile } from "../boards/entry-views.ts";
import { rankedIn } from "../seasons/ranked-board.ts";
import { createArchives } from "./archives.ts";

const REGIONS = ["GLOBAL", "ASIA", "EU", "NA"];
const RUNS = 25;

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

/** The season as one array. */
class Model {
  readonly #sorted: readonly Modelled[];
  constructor(
    readonly board: Board,
    all: readonly Modelled[],
  ) {
    const byId = (a: Modelled, b: Modelled) => (a.userId < b.userId ? 1 : -1);
    const sign = (order: "desc" | "asc" | null) => (order === null ? 0 : order === "desc" ? 1 : -1);
    this.#sorted = all.toSorted(
      (a, b) =>
        sign(board.order) * (b.units - a.units) ||
        sign(board.sub) * (b.sub - a.sub) ||
        a.reachedAt - b.reachedAt ||
        byId(a, b),
    );
  }

  /** The entries that a view shows now, with the ranks of the end. */
  read(view: string): { total: number; entries: Entry[] } {
    const { board } = this;
    const ofView = this.#sorted.filter(({ region }) => view === GLOBAL || region === view);
    const total = ofView.filter(({ hiddenAtEnd }) => !hiddenAtEnd).length;
    let ahead = 0;
    const entries = ofView.flatMap((each) => {
      const { userId, region, units, sub, reachedAt, hiddenAtEnd, later } = each;
      const rank = ahead + 1;
      if (!hiddenAtEnd) ahead++;
      if (later === "erased" || (later === "stays" ? hiddenAtEnd : later === "hidden")) return [];
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

  async function compare(model: Model): Promise<void> {
    for (const view of [GLOBAL, ...regions.filter((region) => region !== GLOBAL)]) {
      const question = { view, board: rankedIn(model.board, 1), season, withDetails: false, allowsPartial: false };
      const { total, entries } = model.read(view);
      const shown = { region: view, total, ...times };
      for (const limit of [1, 3, 1_000]) {
        expect(await archives.top(question, limit)).toEqual({ ...shown, entries: entries.slice(0, limit) });
      }
      for (const [place, entry] of entries.entries()) {
        const rank = entry.rank ?? 0;
        const standing = { rank, total, percentile: toPercentile(rank, total), ...times };
        expect(await archives.rank(question, entry.user_id)).toEqual({ ...entry, ...standing });
        const range = 1 + (place % 3);
        const after = entries.length - place - 1;
        const above = Math.min(place, range + Math.max(0, range - after));
        const around = entries
          .slice(place - above, place)
          .concat(entries.slice(place + 1, place + 1 + Math.min(after, 2 * range - above)));
        expect(await archives.around(question, entry.user_id, range)).toEqual({ ...shown, self: entry, around });
      }
    }
  }

  test(
    "answers as a sorted array does, and keeps all ranks when players are hidden, shown again or erased",
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
          await compare(new Model(board, stays));
          await change(all);
          await compare(new Model(board, all));
        }),
        { numRuns: RUNS },
      ),
    120_000,
  );
});
