import { LRUCache } from "lru-cache";
import { Problem } from "shared/api/problems";
import { ARCHIVE_DATABASE_MS, ARCHIVE_LOOK_MS } from "shared/base/deadlines";
import { within } from "shared/base/within";
import type { Board } from "shared/model/board";
import type { RunningSeason } from "shared/seasons/plan";
import { archivesUnavailable } from "../boards/shard-entry.ts";
import type { ArchiveDatabase } from "./archive-databases.ts";
import { readSeasons, type SeasonRow } from "./read-season.ts";

/** Which seasons are final in all regions, so that they are read from their archive. */
export interface FinalSeasons {
  /** The season, where this ranker knows already that it is final. */
  known(board: Board, season: number): RunningSeason | undefined;
  /**
   * Asks once a second at most, and waits a moment alone.
   *
   * @returns undefined for a season that is not final, or where that is not known in time
   * @throws Problem `season_not_found` for one that was purged
   */
  find(board: Board, season: number): Promise<RunningSeason | undefined>;
  /**
   * Asks again.
   *
   * @returns undefined for a season that PostgreSQL does not know
   * @throws Problem `season_not_found` for a season that was purged, `archives_unavailable` also
   *   for one that is not final
   */
  require(board: Board, season: number): Promise<RunningSeason | undefined>;
}

const KNOWN_MAX = 20_000;
const FRESH_MS = 1_000;

export function createFinalSeasons(home: ArchiveDatabase): FinalSeasons {
  // A final season stays so, with its times. One that is purged later says so when it is read.
  const finals = new LRUCache<string, RunningSeason>({ max: KNOWN_MAX });
  const fresh = new LRUCache<string, Promise<SeasonRow | undefined>>({ max: KNOWN_MAX, ttl: FRESH_MS });
  /** A board that has the id of a deleted one is another one. */
  const nameOf = ({ id, born }: Board, season: number) => `${id} ${born} ${season}`;

  async function ask(board: Board, season: number): Promise<SeasonRow | undefined> {
    const page = { before: season + 1, limit: 1 };
    const [row] = await home.read(readSeasons(board.id, page), ARCHIVE_DATABASE_MS);
    return row?.season === season ? row : undefined;
  }

  function askAnew(board: Board, season: number): Promise<SeasonRow | undefined> {
    const name = nameOf(board, season);
    const asked = ask(board, season);
    fresh.set(name, asked);
    asked.catch(() => fresh.get(name) === asked && fresh.delete(name));
    return asked;
  }

  function toFinal(board: Board, row: SeasonRow | undefined): RunningSeason | undefined {
    if (row === undefined) return undefined;
    const { season, state, startsAt, endsAt } = row;
    if (state === "purging" || state === "purged") throw seasonPurged(board.id, season);
    if (state !== "final") return undefined;
    const final = { season, startsAt, endsAt };
    finals.set(nameOf(board, season), final);
    return final;
  }

  return {
    known: (board, season) => finals.get(nameOf(board, season)),

    async find(board, season) {
      const name = nameOf(board, season);
      const known = finals.get(name);
      if (known !== undefined) return known;
      const asked = fresh.get(name) ?? askAnew(board, season);
      const row = await within(ARCHIVE_LOOK_MS, asked).catch(() => undefined);
      return toFinal(board, row);
    },

    async require(board, season) {
      const row = await askAnew(board, season).catch((cause) => {
        throw archivesUnavailable(cause);
      });
      const final = toFinal(board, row);
      if (final === undefined && row !== undefined) throw archivesUnavailable();
      return final;
    },
  };
}

export const seasonPurged = (id: string, season: number) =>
  new Problem("season_not_found", `Season ${season} of board ${id} was purged: the board keeps the last ones alone.`);
