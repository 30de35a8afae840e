import type { Spread } from "./statistics.ts";

/**
 * A Markdown table that also reads well on a terminal: the first column to the left, the others to
 * the right.
 */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const toLine = (cells: readonly string[]) => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? "";
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [toLine(head), toLine(rule), ...rows.map(toLine)].join("\n");
}

const DIGITS = 3;

/** Three significant digits, or all digits before the point where there are more. */
export const figure = (value: number) =>
  Math.abs(value) >= 10 ** (DIGITS - 1)
    ? value.toLocaleString("en", { maximumFractionDigits: 0 })
    : Number(value.toPrecision(DIGITS)).toString();

/** A number as it was given, with its unit: `700/s`, `0.7 ×`. */
export const withUnit = (text: string, unit: string) => `${text}${unit.startsWith("/") ? "" : " "}${unit}`;

/** The median, and the ends where they differ: `700/s (650 to 720)`. */
export function formatSpread({ median, least, greatest }: Spread, unit: string): string {
  const ends = least === greatest ? "" : ` (${figure(least)} to ${figure(greatest)})`;
  return `${withUnit(figure(median), unit)}${ends}`;
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** `10⁴` for a power of ten, `25,000` otherwise. */
export function toSize(count: number): string {
  const exponent = Math.round(Math.log10(count));
  if (10 ** exponent !== count) return count.toLocaleString("en");
  return `10${[...String(exponent)].map((digit) => SUPERSCRIPTS[Number(digit)]).join("")}`;
}
