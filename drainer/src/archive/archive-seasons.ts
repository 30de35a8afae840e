import { parseKeptBoard } from "shared/boards/kept-board";
import type { Log } from "shared/log/log";
import type { Shard } from "shared/model/regions";
import type { Database } from "shared/postgres/database";
import { boardKey, boardsKey, hiddenKey } from "shared/redis/keys";
import type { Sides } from "../subjects/sides.ts";
import type { ArchiveConnections } from "./archive-connections.ts";
import { dropSeason } from "./drop-season.ts";
import {
  archiveSeason,
  countStored,
  deleteArchivedRows,
  type EndedSeason,
  freezeSeasons,
  isBehindOthers,
  rankingOf,
  readEnded,
  readUnsettled,
  reopenSeason,
  SEASONS_PAGE,
  settleSeason,
} from "./ended-seasons.ts";
import { type EndState, judgeCounts, judgeQueues } from "./judge-end.ts";
import { createReadQueueState, type QueueState } from "./read-queue-state.ts";
import {
  beginPurge,
  finishSeason,
  notePurged,
  noteSeason,
  PURGED_ROWS,
  purgeArchived,
  readPurging,
  type SeasonOfAll,
} from "./seasons-table.ts";

export interface ArchiveSeasonsOptions extends Sides {
  /** The same databases, with the time that an archive may take. */
  archives: Pick<ArchiveConnections, "use">;
  log: Log;
  /** Called after each page of rows with the time that it took. May throw to end the look. */
  onPage: (busyMs: number) => Promise<void>;
  signal: AbortSignal;
}

/** What a look found and did. */
export interface Archived {
  /** Seasons that became final in all regions. */
  finished: number;
  /** Of the seasons that it looked at, those that are not final, and whole as far as is known. */
  closing: number;
  /** Those that are incomplete in a region. */
  incomplete: number;
  /** When (µs) the oldest season ended that is not final; undefined where none was found. */
  oldest: number | undefined;
}

/** Pages of seasons of each database in one look. The next goes on behind them. */
const LOOK_PAGES = 10;
/** Seasons of a page that are worked on in one turn. */
const AT_ONCE = 4;
/** An incomplete season is counted once more after so long, or when its queues change. */
const RECOUNT_MS = 5_000;

async function someAtOnce<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < all.length; from += AT_ONCE) await Promise.all(all.slice(from, from + AT_ONCE).map(work));
}

const nameOf = (ended: EndedSeason) => `${rankingOf(ended)} ${ended.region}`;

/**
 * Makes seasons final that have ended. Each step may be repeated, so that a drainer goes on where
 * another was killed:
 *
 *     judge    every shard of a region has ended the season, its queue is past the end, no event of
 *              the season is dead, and PostgreSQL has as many rows as Redis has entries
 *     freeze   PostgreSQL takes no event of the season any more
 *     archive  the rows get their ranks, and the season is final in the region: one transaction
 *     finish   once all regions are so far, the season is final, and webhooks are told of it: one
 *              transaction in the home database. Until then reads come from the keys in Redis.
 *     settle   the keys of each shard go, and then the rows of the region
 *     purge    archives that the board keeps no longer go
 */
export type ArchiveSeasons = () => Promise<Archived>;

export function createArchiveSeasons(options: ArchiveSeasonsOptions): ArchiveSeasons {
  const { topology, stores, databases, archives, log, onPage, signal } = options;
  const { home } = databases;
  const readQueueState = createReadQueueState();
  const shardsIn = (region: string) => topology.shards.filter((shard) => shard.region === region);
  const cursors = new Map<Database, EndedSeason>();
  /** When a season was found to lack entries, by its name. */
  const countedAt = new Map<string, number>();
  /** What was logged once: a region may be away for days. */
  const failing = new Set<string>();

  /** @returns undefined where `work` fails, which is logged once */
  async function tryTo<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      signal.throwIfAborted();
      const done = await work();
      failing.delete(name);
      return done;
    } catch (error) {
      if (signal.aborted) throw error;
      if (!failing.has(name)) log.warn({ season: name, err: error }, "an ended season waits");
      failing.add(name);
      return undefined;
    }
  }

  async function countPresent(shards: readonly Shard[], ranking: string): Promise<number> {
    const keys = (shard: Shard) => [boardKey(shard, ranking), hiddenKey(shard, ranking)];
    const counts = shards.flatMap((shard) => keys(shard).map((key) => stores.of(shard.region).zcard(key)));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  type ReadShard = (shard: Shard) => Promise<QueueState>;

  async function judge(ended: EndedSeason, present: number, readShard: ReadShard): Promise<EndState> {
    const ranking = rankingOf(ended);
    const states = await Promise.all(shardsIn(ended.region).map(readShard));
    const byQueues = judgeQueues(
      shardsIn(ended.region).map(({ tag }, n) => ({
        end: ended.ends.get(tag),
        oldestWaiting: states[n]?.oldestWaiting ?? 0,
        hasDead: states[n]?.dead.has(ranking) ?? true,
      })),
    );
    return byQueues === "ready" ? judgeCounts(await countStored(databases.of(ended.region), ended), present) : byQueues;
  }

  /** Judges a season. @returns the entries to archive; undefined where it has to wait */
  async function prepare(ended: EndedSeason, readShard: ReadShard): Promise<number | undefined> {
    const name = nameOf(ended);
    const since = performance.now() - (countedAt.get(name) ?? Number.NEGATIVE_INFINITY);
    if (ended.state === "incomplete" && !ended.frozen && since < RECOUNT_MS) return undefined;
    const database = databases.of(ended.region);
    const present = await countPresent(shardsIn(ended.region), rankingOf(ended));
    const state = await judge(ended, present, readShard);
    if (state === "ready") {
      countedAt.delete(name);
      return present;
    }
    if (state === "incomplete") countedAt.set(name, performance.now());
    if (state !== ended.state || ended.frozen) await reopenSeason(database, ended, state);
    return undefined;
  }

  async function archive(ended: EndedSeason, present: number): Promise<void> {
    const { board, season, region } = ended;
    const tags = shardsIn(region).map(({ tag }) => tag);
    const archived = await archives.use(region, present, (own) => archiveSeason(own, ended, { tags, present }));
    if (archived === "final") log.info({ board, season, region }, "archived");
  }

  /** Freezes all seasons that are ready at once: each time waits for the batches under way. */
  async function archiveReady(database: Database, open: readonly EndedSeason[]): Promise<void> {
    const readShard = createReadShard();
    const ready: { ended: EndedSeason; present: number }[] = [];
    await someAtOnce(open, async (ended) => {
      const present = await tryTo(nameOf(ended), () => prepare(ended, readShard));
      if (present !== undefined) ready.push({ ended, present });
    });
    if (ready.length === 0) return;
    const seasons = ready.map(({ ended }) => ended);
    const frozen = await tryTo(`in ${database.label}`, async () => {
      await freezeSeasons(database, seasons);
      return ready;
    });
    await someAtOnce(frozen ?? [], ({ ended, present }) => tryTo(nameOf(ended), () => archive(ended, present)));
  }

  /** Reads each shard once in a look, when it is first asked for. */
  function createReadShard(): ReadShard {
    const read = new Map<string, Promise<QueueState>>();
    return (shard) => {
      const reading = read.get(shard.tag) ?? readQueueState(stores.of(shard.region), shard);
      read.set(shard.tag, reading);
      return reading;
    };
  }

  async function readPage(database: Database): Promise<EndedSeason[]> {
    const page = await readUnsettled(database, cursors.get(database));
    const last = page.at(-1);
    if (last === undefined || page.length < SEASONS_PAGE) cursors.delete(database);
    else cursors.set(database, last);
    return page.filter(({ region }) => topology.regions.includes(region) && databases.of(region) === database);
  }

  /** What all regions have of these seasons, by name; undefined while a database is away. */
  async function readAll(rankings: readonly string[]): Promise<Map<string, EndedSeason[]> | undefined> {
    const found: EndedSeason[] = [];
    for (const database of new Set(topology.regions.map((region) => databases.of(region)))) {
      const ended = await tryTo(`in ${database.label}`, () => readEnded(database, rankings));
      if (ended === undefined) return undefined;
      found.push(...ended.filter(({ region }) => topology.regions.includes(region)));
    }
    return Map.groupBy(found, rankingOf);
  }

  /** @returns whether the season is final in all regions, and `isNew` where it was not before */
  async function finish(regions: readonly EndedSeason[]): Promise<{ isFinal: boolean; isNew: boolean }> {
    const [first] = regions;
    if (first === undefined) return { isFinal: false, isNew: false };
    const season: SeasonOfAll = { ...first, total: regions.reduce((sum, { total }) => sum + total, 0) };
    const isFinal = regions.length === topology.regions.length && regions.every(({ state }) => state === "final");
    if (isFinal) return { isFinal, isNew: await finishSeason(home, season) };
    await noteSeason(home, season, regions.some(({ state }) => state === "incomplete") ? "incomplete" : "closing");
    return { isFinal, isNew: false };
  }

  /** The oldest season of the board of which a shard of the region may have keys. */
  async function oldestOn({ board, region, season }: EndedSeason): Promise<number> {
    const kept = shardsIn(region).map((shard) => stores.of(region).hget(boardsKey(shard), board));
    const oldest = (await Promise.all(kept)).map((text) => parseKeptBoard(text ?? "")?.seasons?.oldest ?? season);
    return Math.min(...oldest);
  }

  /**
   * Seasons of a board leave a region one after the other, so that a shard knows by a number alone
   * which ones it has the keys of: readers of a season that has left go to its archive.
   */
  async function settle(ended: EndedSeason): Promise<void> {
    const { region } = ended;
    const database = databases.of(region);
    if (await isBehindOthers(database, ended, await oldestOn(ended))) return;
    const oldest = ended.season + 1;
    for (const shard of shardsIn(region)) await dropSeason(stores.of(region), shard, { ...ended, oldest }, topology);
    await inPages(async (after) => await deleteArchivedRows(database, ended, after));
    await settleSeason(database, ended);
  }

  async function inPages(work: (after: string) => Promise<string | undefined>): Promise<void> {
    for (let after: string | undefined = ""; after !== undefined; ) {
      const startedAt = performance.now();
      after = await work(after);
      await onPage(performance.now() - startedAt);
    }
  }

  async function purge(): Promise<void> {
    for (const season of await readPurging(home)) {
      await tryTo(`purge of ${rankingOf(season)}`, async () => {
        for (const database of databases.all) {
          await beginPurge(database, season);
          await inPages(async () => ((await purgeArchived(database, season)) < PURGED_ROWS ? undefined : "more"));
        }
        await notePurged(home, season);
      });
    }
  }

  async function lookAtPage(database: Database, page: readonly EndedSeason[], archived: Archived): Promise<void> {
    await archiveReady(
      database,
      page.filter(({ state }) => state !== "final"),
    );
    const all = await readAll([...new Set(page.map(rankingOf))]);
    const names = new Set(page.map(nameOf));
    const settling: EndedSeason[] = [];
    await someAtOnce([...(all?.values() ?? [])], async (regions) => {
      const { isFinal, isNew } = await finish(regions);
      if (isNew) archived.finished++;
      if (regions.some(({ state }) => state === "incomplete")) archived.incomplete++;
      else if (!isFinal) archived.closing++;
      const endedAt = Math.min(...regions.map(({ endsAt }) => endsAt));
      if (!isFinal) archived.oldest = Math.min(endedAt, archived.oldest ?? endedAt);
      if (isFinal) settling.push(...regions.filter((each) => names.has(nameOf(each))));
    });
    await someAtOnce([...Map.groupBy(settling, ({ board }) => board).values()], async (ofBoard) => {
      for (const ended of ofBoard.toSorted((a, b) => a.season - b.season)) {
        await tryTo(nameOf(ended), () => settle(ended));
      }
    });
  }

  async function lookIn(database: Database, archived: Archived): Promise<void> {
    for (let pages = 0; pages < LOOK_PAGES; pages++) {
      const page = await tryTo(`in ${database.label}`, () => readPage(database));
      if (page === undefined) return;
      await lookAtPage(database, page, archived);
      if (!cursors.has(database)) return;
    }
  }

  return async () => {
    const archived: Archived = { finished: 0, closing: 0, incomplete: 0, oldest: undefined };
    // Beside each other: the archive of a large season in one region holds up no other region.
    const own = [...new Set(topology.regions.map((region) => databases.of(region)))];
    const looked = await Promise.allSettled(own.map((database) => lookIn(database, archived)));
    for (const each of looked) if (each.status === "rejected") throw each.reason;
    await purge();
    return archived;
  };
}
