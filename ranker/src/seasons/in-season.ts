import { invalidQuery, Problem } from "shared/api/problems";
import type { Board } from "shared/model/board";
import { shardsOfView, type Topology } from "shared/model/regions";
import type { RunningSeason } from "shared/seasons/plan";
import type { FinalSeasons } from "../archive/final-seasons.ts";
import { archivesUnavailable, SeasonGone, SeasonOver } from "../boards/shard-entry.ts";
import { keptSeason, type RankedBoard, rankedIn } from "./ranked-board.ts";
import { type RunningSeasons, seasonUnknown } from "./running-seasons.ts";

/** How readers name a season. */
export type SeasonName = "current" | "previous" | number;

export interface SeasonQuestion {
  board: Board;
  view: string;
  /** `current` unless given. */
  season: SeasonName | undefined;
}

/** How a season is read, by where it is. */
export interface SeasonReads<T> {
  /** From the shards. @throws SeasonOver, SeasonGone */
  live: (board: RankedBoard, running: RunningSeason | undefined) => Promise<T>;
  /** A final one, from PostgreSQL. */
  archived: (board: RankedBoard, season: RunningSeason) => Promise<T>;
}

/**
 * Reads one season of a board, the same on all shards of the view. Where it has ended on one of
 * them, it is ended on all, and the season that runs by now is read. An ended season is read from
 * Redis until it is final in all regions: its keys are there as long, and a shard where they are
 * not says so. From then on it is read from its archive.
 *
 * @throws Problem `season_not_found`, `season_unknown`, `archives_unavailable`; `invalid_request`
 *   for a season of a board without any; what `reads` throw
 */
export type InSeason = <T>(question: SeasonQuestion, reads: SeasonReads<T>) => Promise<T>;

// A season would have to end once more between two of these reads.
const TRIES_MAX = 3;

export function createInSeason(
  topology: Topology,
  seasons: Pick<RunningSeasons, "find" | "findNow" | "findEnded" | "rollOver">,
  finals: FinalSeasons | undefined,
): InSeason {
  async function readEnded<T>(
    board: Board,
    { name, number }: { name: SeasonName; number: number },
    { live, archived }: SeasonReads<T>,
  ): Promise<T> {
    const ranked = rankedIn(board, number);
    const final = await finals?.find(board, number);
    if (final !== undefined) return archived(ranked, final);
    const ended = await seasons.findEnded(board, number);
    try {
      if (ended !== undefined) return await live(keptSeason(ranked), ended);
    } catch (error) {
      if (!(error instanceof SeasonGone)) throw error;
    }
    const archive = await finals?.require(board, number);
    if (archive !== undefined) return archived(ranked, archive);
    // Most boards had nothing before their first season.
    throw number === 0 && ended === undefined ? seasonNotFound(board.id, name) : archivesUnavailable();
  }

  return async ({ board, view, season = "current" }, reads) => {
    if (!board.has_seasons) {
      if (season !== "current") throw withoutSeasons(board.id);
      return reads.live(rankedIn(board, 0), undefined);
    }
    const known = typeof season === "number" ? finals?.known(board, season) : undefined;
    if (known !== undefined) return reads.archived(rankedIn(board, known.season), known);
    const shards = shardsOfView(topology, view);
    let running = await (season === "previous" ? seasons.findNow(board, shards) : seasons.find(board, shards));
    for (let tries = 1; ; tries++) {
      try {
        const number = toNumber(season, running.season);
        // The season that runs is known as of a second ago.
        if (tries === 1 && (number > running.season || number < 1)) {
          const present = await seasons.rollOver(board, shards);
          const isSame = present.season === running.season;
          running = present;
          if (!isSame) continue;
        }
        if (number > running.season || number < 0) throw seasonNotFound(board.id, season);
        if (number === running.season) return await reads.live(rankedIn(board, number), running);
        return await readEnded(board, { name: season, number }, reads);
      } catch (error) {
        if (!(error instanceof SeasonOver)) throw error;
        if (tries === TRIES_MAX) throw seasonUnknown(board.id);
        running = await seasons.rollOver(board, shards);
      }
    }
  };
}

function toNumber(name: SeasonName, running: number): number {
  if (name === "current") return running;
  return name === "previous" ? running - 1 : name;
}

export const seasonNotFound = (id: string, season: SeasonName): Problem =>
  new Problem(
    "season_not_found",
    season === "previous" ? `No season of board ${id} has ended yet.` : `Board ${id} has no season ${season}.`,
  );

const withoutSeasons = (id: string) => invalidQuery("season", `must be left out: board ${id} has no seasons`);
