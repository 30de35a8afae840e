import type { Split } from "shared/stores/split";

/**
 * What clients see after a move has ended early, and what to run.
 *
 * @param splits by region, of Redis as it is now @param to the number that was asked for
 */
export function describeMoves(splits: ReadonlyMap<string, Split | undefined>, to: number): string {
  const among = (isOne: (split: Split) => boolean) =>
    [...splits].filter(([, split]) => split !== undefined && isOne(split)).map(([region]) => region);
  const begun = among(({ movingTo }) => movingTo !== undefined);
  const unread = among(({ isReadable }) => !isReadable);
  const moved = among(({ movingTo, partitions }) => movingTo === undefined && partitions === to);
  const untouched = [...splits.keys()].filter((region) => !begun.includes(region) && !moved.includes(region));
  const closed = begun.map((region) =>
    unread.includes(region) ? `${region} takes neither writes nor reads` : `${region} takes no writes`,
  );
  const facts = [...closed];
  // No service reads all regions while their numbers differ.
  const isMixed = moved.length > 0 && moved.length < splits.size;
  if (unread.length > 0 || isMixed) facts.push("reads of all players (GLOBAL) are refused");
  if (moved.length > 0) facts.push(`${toSubject(moved, "needs", "need")} services with PARTITIONS=${to}`);
  if (untouched.length > 0) facts.push(`${toSubject(untouched, "goes", "go")} on as before`);
  return `run ./lb repartition --to ${to} again; until then ${facts.join("; ")}`;
}

const toSubject = (regions: readonly string[], one: string, several: string) =>
  `${regions.join(", ")} ${regions.length === 1 ? one : several}`;
