import type { Entry } from "shared/answers";

const BAR_WIDTH = 32;

/** `players   [########        ]  25 % 250 of 1000` */
export function bar(label: string, done: number, total: number, note: string): string {
  const share = Math.min(1, done / total);
  const filled = "#".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
  return `${label.padEnd(9)} [${filled}] ${String(Math.floor(share * 100)).padStart(3)} % ${note}`;
}

export interface Progress {
  show(done: number, total: number, note: string): void;
  end(): void;
}

/** A bar that redraws itself on a terminal; elsewhere one line a tenth. */
export function createProgress(label: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  let shownTenth = -1;
  let shownText = "";
  return {
    show(done, total, note) {
      const text = bar(label, done, total, note);
      const tenth = Math.floor((10 * done) / total);
      if (stream.isTTY) {
        if (text !== shownText) stream.write(`\r${text.padEnd(shownText.length)}`);
      } else if (tenth > shownTenth) {
        stream.write(`${text}\n`);
      }
      shownTenth = Math.max(tenth, shownTenth);
      shownText = text;
    },
    end() {
      if (stream.isTTY) stream.write("\n");
    },
  };
}

/** The board as a table, its columns as wide as what is in them. */
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
