import { Counter, type Registry } from "prom-client";
import { Problem } from "shared/api/problems";
import { metricName } from "shared/service/metric-name";
import type { Archives } from "./archives.ts";

type Outcome = "answered" | "not_found" | "unavailable";

/**
 * Counts reads of archives by what became of them.
 *
 * @returns archives whose reads are counted
 */
export function measureArchives(registry: Registry): (archives: Archives) => Archives {
  const reads = new Counter({
    registers: [registry],
    name: metricName("ranker_archive_reads_total"),
    labelNames: ["outcome"],
    help: "Reads of archived seasons: answered, of a player or season that is not there, or unavailable.",
  });
  for (const outcome of ["answered", "not_found", "unavailable"] satisfies Outcome[]) reads.inc({ outcome }, 0);

  async function count<T>(read: Promise<T>): Promise<T> {
    let outcome: Outcome = "unavailable";
    try {
      const answer = await read;
      outcome = "answered";
      return answer;
    } catch (error) {
      if (error instanceof Problem && NOT_FOUND.has(error.code)) outcome = "not_found";
      throw error;
    } finally {
      reads.inc({ outcome });
    }
  }

  return (archives) => ({
    top: (question, limit) => count(archives.top(question, limit)),
    page: (question, page) => count(archives.page(question, page)),
    rank: (question, userId) => count(archives.rank(question, userId)),
    ranks: (question, userIds) => count(archives.ranks(question, userIds)),
    around: (question, userId, range) => count(archives.around(question, userId, range)),
    aroundScore: (question, at, range) => count(archives.aroundScore(question, at, range)),
    ownEntries: (userId, page) => count(archives.ownEntries(userId, page)),
    regionOf: (board, userId) => count(archives.regionOf(board, userId)),
  });
}

const NOT_FOUND: ReadonlySet<string> = new Set(["not_ranked", "season_not_found"]);
