import { Problem } from "shared/api/problems";
import type { SeasonsView, SeasonView } from "shared/api/seasons";
import { type Reader, SERVICE } from "shared/auth/reader";
import { ARCHIVE_READ_MS } from "shared/base/deadlines";
import type { Board } from "shared/model/board";
import { GLOBAL, type Topology } from "shared/model/regions";
import { type RunningSeason, type SeasonPlan, toIsoSeason } from "shared/seasons/plan";
import type { ArchiveDatabase } from "../archive/archive-databases.ts";
import { readSeasons, type SeasonRow } from "../archive/read-season.ts";
import type { Boards } from "../boards/boards.ts";
import { archivesUnavailable } from "../boards/shard-entry.ts";
import type { Definitions } from "../definitions/definitions.ts";
import { createReadAs } from "../definitions/read-as.ts";
import type { SeasonPlans } from "../definitions/season-plans.ts";
import { type SeasonName, seasonNotFound } from "./in-season.ts";
import type { RunningSeasons } from "./running-seasons.ts";

/**
 * The seasons of a board, the newest first: planned ones, the one that runs, and those that have
 * ended.
 *
 * Both throw Problem `board_not_found`, `season_unknown`, `archives_unavailable`, `unavailable`,
 * `stale_definition`, and what the reader is refused with.
 */
export interface ListSeasons {
  list(id: string, page: { cursor?: string | undefined; limit: number }, reader: Reader): Promise<SeasonsView>;
  /** @throws Problem `season_not_found` */
  read(id: string, season: SeasonName, reader: Reader): Promise<SeasonView>;
}

export interface ListSeasonsOptions {
  topology: Topology;
  definitions: Definitions;
  plans: Pick<SeasonPlans, "read">;
  seasons: Pick<RunningSeasons, "findNow">;
  boards: Pick<Boards, "top">;
  /** The home database of the archives; without it ended seasons are not known. */
  home: ArchiveDatabase | undefined;
}

type Listed = Omit<SeasonView, "board">;
interface Known extends RunningSeason {
  state: Listed["state"];
  total: number | null;
}

export function createListSeasons(options: ListSeasonsOptions): ListSeasons {
  const { topology, definitions, plans, seasons, boards, home } = options;
  const readAs = createReadAs(definitions);

  async function as<T>(id: string, reader: Reader, work: (board: Board) => Promise<T>): Promise<T> {
    // From the home store: the archive of a board that was deleted may be there for a while.
    await definitions.reload(id);
    return readAs(id, async (board) => {
      await reader.admit(board);
      return work(board);
    });
  }

  async function readEnded(board: Board, before: number, limit: number): Promise<SeasonRow[]> {
    if (before <= 0) return [];
    if (home === undefined) {
      // Whether there was a season 0 is not known then.
      if (before <= 1) return [];
      throw archivesUnavailable();
    }
    return home.read(readSeasons(board.id, { before, limit }), ARCHIVE_READ_MS).catch((cause) => {
      throw archivesUnavailable(cause);
    });
  }

  /** Seasons before a number, the newest first: one more than `limit` where there are more. */
  async function find(board: Board, running: RunningSeason, before: number, limit: number): Promise<Known[]> {
    const plan = (await plans.read([board])).get(board.id);
    const found = new Map(plannedOnes(plan).map((season) => [season.season, toKnown(season, running)]));
    found.set(running.season, toKnown(running, running));
    const isFull = [...found.keys()].filter((season) => season >= running.season && season < before).length > limit;
    const ended = isFull ? [] : await readEnded(board, Math.min(before, running.season), limit + 1);
    for (const row of ended) {
      const { state } = row;
      found.set(row.season, { ...row, state: state === "purging" ? "purged" : state });
    }
    const numbers = [...found.values()].filter(({ season }) => season < before);
    return numbers.sort((a, b) => b.season - a.season).slice(0, limit + 1);
  }

  async function toListed({ id }: Board, known: Known): Promise<Listed> {
    const { season, state } = known;
    const isCounted = state === "running" || state === "closing" || state === "incomplete";
    const counted = isCounted ? await countEntries(id, season) : known.total;
    return { season, state, ...toIsoSeason(known), total: counted };
  }

  async function countEntries(id: string, season: number): Promise<number | null> {
    try {
      return (await boards.top(GLOBAL, id, 1, { season, reader: SERVICE })).total;
    } catch (error) {
      if (error instanceof Problem) return null;
      throw error;
    }
  }

  return {
    list: (id, { cursor, limit }, reader) =>
      as(id, reader, async (board) => {
        if (!board.has_seasons) return { board: id, seasons: [], next: null };
        const running = await seasons.findNow(board, topology.shards);
        const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(cursor);
        const found = await find(board, running, before, limit);
        const shown = found.slice(0, limit);
        const next = found.length > limit ? String(shown.at(-1)?.season) : null;
        return { board: id, seasons: await Promise.all(shown.map((known) => toListed(board, known))), next };
      }),

    read: (id, name, reader) =>
      as(id, reader, async (board) => {
        if (!board.has_seasons) throw seasonNotFound(id, name);
        const running = await seasons.findNow(board, topology.shards);
        const ofName = { current: running.season, previous: running.season - 1 };
        const number = typeof name === "number" ? name : ofName[name];
        const [known] = await find(board, running, number + 1, 0);
        if (known?.season !== number) throw seasonNotFound(id, name);
        return { board: id, ...(await toListed(board, known)) };
      }),
  };
}

function plannedOnes(plan: SeasonPlan | undefined): RunningSeason[] {
  const { first, at } = plan ?? { first: 1, at: [] };
  return at.slice(1).map((endsAt, index) => ({ season: first + index, startsAt: at[index] ?? endsAt, endsAt }));
}

/** One of which nothing is archived yet. */
function toKnown(season: RunningSeason, running: RunningSeason, nowMs = Date.now()): Known {
  const isEnded = season.season < running.season;
  const hasBegun = season.season === running.season && season.startsAt <= nowMs * 1000;
  return { ...season, state: isEnded ? "closing" : hasBegun ? "running" : "scheduled", total: null };
}
