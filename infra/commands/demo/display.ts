import type { Entry } from "shared/api/entries";

/** The board as a table. Each column is as wide as its longest cell. */
export function table(entries: readonly Pick<Entry, "rank" | "name" | "region" | "score">[]): string {
  const rows = entries.map(({ rank, name, region, score }) => [`${rank}`, name, region, score.toLocaleString("en")]);
  const all = [["rank", "name", "region", "score"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number) => column === 0 || column === 3;
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  "),
    )
    .join("\n");
}
