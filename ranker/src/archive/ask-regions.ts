import type { Ties } from "shared/api/fields";
import type { Problem } from "shared/api/problems";
import { ARCHIVE_DATABASE_MS } from "shared/base/deadlines";
import { GLOBAL, type Topology } from "shared/model/regions";
import type { Sql } from "shared/postgres/connect-postgres";
import type { RunningSeason } from "shared/seasons/plan";
import { type MissingRegions, toRefusal } from "../boards/groups/ask-groups.ts";
import { archivesUnavailable } from "../boards/shard-entry.ts";
import type { ArchiveDatabase, ArchiveDatabases } from "./archive-databases.ts";
import { type ArchivedRead, SeasonPurged, type Shelf } from "./archived-entry.ts";

/** Which regions are asked. */
export interface AskedRegions {
  view: string;
  /** Whether the answer may leave out regions whose database does not answer. */
  allowsPartial: boolean;
}

export interface ArchiveQuestion extends ArchivedRead, AskedRegions {
  season: RunningSeason;
  ties: Ties;
}

/** Which regions answered before, and until when the others of a read are waited for. */
export interface Answered {
  missing: MissingRegions;
  lateAt: number;
}

/** The regions that answered, and those that did not. */
export interface Found {
  shelves: Shelf[];
  missing: MissingRegions;
}

/** A statement for some regions, all of one database. */
export type Ask<T> = (regions: readonly string[]) => (sql: Sql) => Promise<T>;

/** Asks the databases of a view's regions, all at once. */
export interface AskRegions {
  /**
   * The first round of a read, which finds out which regions answer.
   *
   * @throws Problem `archives_unavailable` when a region is missing, in a partial answer when all
   *   are
   */
  first(question: AskedRegions, lateAt: number, ask: Ask<Shelf[]>): Promise<Found>;
  /**
   * A further one, of the regions that answered.
   *
   * @returns an answer of each database
   * @throws ArchiveAway
   */
  again<T>(question: AskedRegions, answered: Answered, ask: Ask<T>): Promise<T[]>;
  /** How many regions answered. */
  count(question: AskedRegions, answered: Answered): number;
}

export function createAskRegions({ regions }: Topology, { all }: Pick<ArchiveDatabases, "all">): AskRegions {
  const regionsOf = ({ view }: AskedRegions) => (view === GLOBAL ? regions : [view]);

  function askEach<T>(wanted: readonly string[], lateAt: number, ask: Ask<T>): { own: string[]; answer: Promise<T> }[] {
    const waitMs = Math.max(0, Math.min(ARCHIVE_DATABASE_MS, lateAt - performance.now()));
    return all.flatMap((database: ArchiveDatabase) => {
      const own = database.regions.filter((region) => wanted.includes(region));
      return own.length === 0 ? [] : [{ own, answer: database.read(ask(own), waitMs) }];
    });
  }

  return {
    async first(question, lateAt, ask) {
      const missing = new Map<string, Problem>();
      const shelves = await Promise.all(
        askEach(regionsOf(question), lateAt, ask).map(async ({ own, answer }) => {
          try {
            return await answer;
          } catch (error) {
            if (error instanceof SeasonPurged) throw error;
            for (const region of own) missing.set(region, archivesUnavailable(error));
            return [];
          }
        }),
      );
      if (!question.allowsPartial || missing.size === regionsOf(question).length) refuseMissing(missing);
      return { shelves: shelves.flat(), missing };
    },

    again(question, { missing, lateAt }, ask) {
      const wanted = regionsOf(question).filter((region) => !missing.has(region));
      return Promise.all(askEach(wanted, lateAt, ask).map(({ answer }) => answer));
    },

    count: (question, { missing }) => regionsOf(question).length - missing.size,
  };
}

/** @throws Problem `archives_unavailable` when a region is missing */
export const refuseMissing = toRefusal("archives_unavailable", "archives");
