import type { Measured } from "../harness/row.ts";
import type { RowRun } from "../ratios/options.ts";
import { timeArchivedRank } from "../seasons/archived-rank.ts";
import { endManySeasons } from "../seasons/many-seasons.ts";
import { endLargeSeason } from "../seasons/one-large-season.ts";
import { timeRollOver } from "../seasons/roll-over.ts";
import { startSeasonSite } from "../seasons/season-site.ts";

/** Of 10⁶ entries, 1,000 boards. */
const ENTRIES_A_BOARD = 1_000;

/**
 * Measures what the ends of seasons cost. Each is one time, because it takes a minute to prepare.
 */
export async function measureSeasons({ dir, options, say }: RowRun): Promise<Measured> {
  const { entries } = options;
  const ranks = await timeArchivedRank(dir, entries, say);
  await using stack = new AsyncDisposableStack();
  const site = await startSeasonSite(stack, dir);
  const large = await endLargeSeason(site, entries, say);
  const many = await endManySeasons(site, Math.max(1, Math.round(entries / ENTRIES_A_BOARD)), say);
  // The last one: it leaves thousands of seasons to archive.
  const rollOver = await timeRollOver(site);
  return { rows: [...large, ...many, ...rollOver, ...ranks], loads: [] };
}
