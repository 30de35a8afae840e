import type { ArchivedEntry, ArchivedPlace, Shelf } from "../archived-entry.ts";
import type { Answered, ArchiveQuestion, AskRegions } from "../ask-regions.ts";
import { aheadOfTies, tieOf } from "../position.ts";
import { countAhead } from "./count-ahead.ts";
import { knownRanks } from "./known-ranks.ts";

/** Ranks of a view, among the regions that answered. */
export interface ArchivedRanks {
  /** The entries ahead of positions, each position's own region left out. */
  aheadOf(question: ArchiveQuestion, positions: readonly ArchivedPlace[], answered: Answered): Promise<number[]>;
  /** In the mode of the question. */
  of(question: ArchiveQuestion, entries: readonly ArchivedEntry[], answered: Answered): Promise<number[]>;
  /** @param shelves one for each region that answered, with rows that tell most of the ranks */
  byArrival(
    question: ArchiveQuestion,
    entries: readonly ArchivedEntry[],
    answered: Answered,
    shelves?: readonly Shelf[],
  ): Promise<number[]>;
}

export function createArchivedRanks(regions: AskRegions): ArchivedRanks {
  const aheadOf: ArchivedRanks["aheadOf"] = async (question, positions, answered) => {
    const counts = await regions.again(question, answered, (own) => countAhead(question, own, positions));
    return positions.map((_, index) => counts.reduce((sum, count) => sum + (count[index] ?? 0), 0));
  };

  const byArrival: ArchivedRanks["byArrival"] = async (question, entries, answered, shelves = []) => {
    const count = regions.count(question, answered);
    if (count <= 1 || entries.length === 0) return entries.map(({ rank }) => rank);
    const known = shelves.length === count ? knownRanks(shelves) : new Map<ArchivedEntry, number>();
    const unknown = entries.filter((entry) => !known.has(entry));
    const ahead = unknown.length === 0 ? [] : await aheadOf(question, unknown, answered);
    for (const [index, entry] of unknown.entries()) known.set(entry, entry.rank + (ahead[index] ?? 0));
    return entries.map((entry) => known.get(entry) ?? entry.rank);
  };

  /**
   * One look-up for each tie, because those who are not shown any more leave gaps in the ranks of a
   * page.
   */
  async function shared(question: ArchiveQuestion, entries: readonly ArchivedEntry[], answered: Answered) {
    const isOne = regions.count(question, answered) <= 1;
    if (isOne || entries.length === 0) return entries.map(({ rankShared }) => rankShared);
    const ties = new Map(entries.map((entry) => [tieOf(entry), aheadOfTies(entry)]));
    const ahead = await aheadOf(question, [...ties.values()], answered);
    const byTie = new Map([...ties.keys()].map((tie, index) => [tie, ahead[index] ?? 0]));
    return entries.map((entry) => 1 + (byTie.get(tieOf(entry)) ?? 0));
  }

  return {
    aheadOf,
    byArrival,
    of: (question, entries, answered) =>
      question.ties === "shared" ? shared(question, entries, answered) : byArrival(question, entries, answered),
  };
}
