import { setTimeout as delay } from "node:timers/promises";
import { keysOf } from "testing/whole-store";
import type { Verdict } from "../history.ts";
import type { SeasonPlay } from "./play-seasons.ts";
import {
  type HomeSeason,
  type RegionSeason,
  readEndedIn,
  readHome,
  readRows,
  readRunning,
  type SeasonRow,
  type SeasonStores,
} from "./read-seasons.ts";

/** How the seasons of a board came out. */
export interface SeasonsChecked {
  verdict: Verdict;
  /** Seasons that are final, the oldest first. */
  finals: HomeSeason[];
}

/** How long a season that ended may take to be final, on a busy machine. */
const FINAL_MS = 60_000;
const LOOK_MS = 100;
const FAULTS_MAX = 30;

interface Found {
  running: number;
  home: HomeSeason[];
  regions: Map<string, RegionSeason[]>;
}

async function look(stores: SeasonStores, board: string): Promise<Omit<Found, "running">> {
  const home = await readHome(stores, board);
  const ended = await Promise.all(
    stores.regions.map(async (region) => [region, await readEndedIn(stores, region, board)] as const),
  );
  return { home, regions: new Map(ended) };
}

/** Seasons before the one that runs which are not final, or have left something behind. */
function findStuck({ running, home, regions }: Found): string[] {
  const stuck: string[] = [];
  const homes = new Map(home.map((each) => [each.season, each.state]));
  const byRegion = [...regions].map(
    ([region, all]) => [region, new Map(all.map((each) => [each.season, each]))] as const,
  );
  for (let season = 1; season < running; season++) {
    if (homes.get(season) !== "final") stuck.push(`season ${season} is ${homes.get(season) ?? "not there"}`);
    for (const [region, all] of byRegion) {
      const found = all.get(season);
      if (found?.settled !== true) stuck.push(`season ${season} is ${found?.state ?? "not there"} in ${region}`);
    }
  }
  return stuck;
}

async function untilFinal(stores: SeasonStores, board: string): Promise<Found & { stuck: string[] }> {
  const running = await readRunning(stores, board);
  for (const endsAt = performance.now() + FINAL_MS; ; await delay(LOOK_MS)) {
    const found = { running, ...(await look(stores, board)) };
    const stuck = findStuck(found);
    if (stuck.length === 0 || performance.now() > endsAt) return { ...found, stuck };
  }
}

/** Seasons follow each other without a gap, and have the same times everywhere. */
function* checkTimes({ home, regions }: Found, { history }: SeasonPlay): Generator<string> {
  const times = new Map(history.times);
  for (const [where, seasons] of [["the home database", home] as const, ...regions]) {
    for (const [n, { season, startsAt, endsAt }] of seasons.entries()) {
      if (season !== n + 1) yield `season ${season} stands behind ${n} in ${where}`;
      const before = seasons[n - 1];
      if (before !== undefined && before.endsAt !== startsAt) yield `season ${season} has a gap before it in ${where}`;
      const known = times.get(season) ?? { startsAt, endsAt };
      times.set(season, known);
      if (known.startsAt !== startsAt || known.endsAt !== endsAt) yield `season ${season} has other times in ${where}`;
    }
  }
}

function* checkRows(rows: readonly SeasonRow[], found: Found, { history }: SeasonPlay): Generator<string> {
  const times = new Map(history.times);
  for (const each of found.home) times.set(each.season, each);
  for (const { season, userId, updatedAt } of rows) {
    const { startsAt = 0, endsAt = 0 } = times.get(season) ?? {};
    if (updatedAt < startsAt || updatedAt >= endsAt) {
      yield `${userId} of season ${season} (${startsAt} to ${endsAt}) was written at ${updatedAt}`;
    }
  }
}

/** Ranks grow with the places. Who was hidden or erased is no place ahead of the others. */
function* checkRanks(rows: readonly SeasonRow[], { erased }: SeasonPlay): Generator<string> {
  const archived = rows.filter(({ isArchived }) => isArchived).toSorted((a, b) => (a.place ?? 0) - (b.place ?? 0));
  for (const [name, ofRegion] of Map.groupBy(archived, ({ season, region }) => `season ${season} of ${region}`)) {
    let last = 0;
    for (const { userId, rank, place } of ofRegion) {
      if (rank === null && erased !== undefined) continue;
      const isRight = erased === undefined ? rank === place : rank !== null && rank >= last;
      if (!isRight) yield `${userId} has rank ${rank} at place ${place} in ${name}, behind ${last}`;
      last = rank ?? last;
    }
  }
}

/** A final season is archived whole, was told of once, and has as many entries as it says. */
function* checkFinals(rows: readonly SeasonRow[], { home }: Found, { erased }: SeasonPlay): Generator<string> {
  const bySeason = Map.groupBy(rows, ({ season }) => season);
  for (const { season, state, total, told } of home) {
    if (state !== "final") continue;
    const entries = bySeason.get(season) ?? [];
    const archived = entries.filter(({ isArchived }) => isArchived).length;
    if (archived !== entries.length) yield `season ${season} is final with ${entries.length - archived} other rows`;
    if (erased === undefined && total !== archived) yield `season ${season} has ${archived} entries, and says ${total}`;
    if (told !== 1) yield `the end of season ${season} was told ${told} times`;
  }
}

async function* checkKeys(stores: SeasonStores, { board }: SeasonPlay, { running }: Found): AsyncGenerator<string> {
  for (const redis of stores.redises) {
    for (const key of await keysOf(redis, `*:${board}@*`)) {
      if (Number(key.split("@")[1]) < running) yield `${key} is left`;
    }
  }
}

/** What an erasure leaves in an archive: no player has such an id. */
const isNobody = (userId: string) => userId.startsWith("\u0001");

/**
 * Waits until every season that ended is final, and compares all stores with the answers of the
 * players, who have stopped. Queues must be empty.
 *
 * A season without an entry of its own may be missing in the answers, and in no store.
 */
export async function checkSeasons(stores: SeasonStores, play: SeasonPlay): Promise<SeasonsChecked> {
  const { stuck, ...found } = await untilFinal(stores, play.board);
  const all = (await Promise.all(stores.regions.map((region) => readRows(stores, region, play.board)))).flat();
  // Those that became final meanwhile are among the rows.
  const after = { running: found.running, ...(await look(stores, play.board)) };
  const rows = all.filter(({ userId }) => !isNobody(userId));
  const gone = rows.filter(({ userId }) => play.erased?.has(userId));
  const verdict = play.history.judge(rows.filter(({ userId }) => !play.erased?.has(userId)));
  verdict.faults.push(...gone.map(({ season, userId }) => `${userId} was erased, and is in season ${season}`));
  verdict.faults.push(...play.surprises, ...stuck, ...checkTimes(after, play), ...checkRows(rows, after, play));
  verdict.faults.push(...checkFinals(rows, found, play), ...checkRanks(rows, play));
  for await (const fault of checkKeys(stores, play, found)) verdict.faults.push(fault);
  verdict.faults.splice(FAULTS_MAX);
  return { verdict, finals: after.home.filter(({ state }) => state === "final") };
}
