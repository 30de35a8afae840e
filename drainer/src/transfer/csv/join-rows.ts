import { LINE_BYTES_MAX, type Line } from "../read-lines.ts";

/**
 * Joins the lines of a CSV to rows, since a cell in quotes may have line breaks. A row has the
 * number of its first line. Where a quote does not close within 16 KiB, or only inside of another
 * cell, its line stands alone: it spoils no other one.
 *
 * @param isRow whether several lines are one row
 */
export async function* joinRows(lines: AsyncIterable<Line>, isRow: (text: string) => boolean): AsyncGenerator<Line> {
  let open: Line[] = [];
  for await (const line of lines) {
    if (open.length === 0 && !hasOpenQuote(line.text)) {
      yield line;
      continue;
    }
    open.push(line);
    for (let length = rowLength(open, isRow); length !== undefined; length = rowLength(open, isRow)) {
      yield join(open.slice(0, length));
      open = open.slice(length);
    }
  }
  while (open.length > 0) {
    const length = rowLength(open, isRow) ?? 1;
    yield join(open.slice(0, length));
    open = open.slice(length);
  }
}

const countQuotes = (text: string) => text.split('"').length - 1;
const hasOpenQuote = (text: string) => text.includes('"') && countQuotes(text) % 2 === 1;

/** How many of the lines are the first row; undefined while a quote of it is open. */
function rowLength(lines: readonly Line[], isRow: (text: string) => boolean): number | undefined {
  let quotes = 0;
  let characters = 0;
  for (const [index, { text }] of lines.entries()) {
    quotes += countQuotes(text);
    characters += text.length + 1;
    if (characters > LINE_BYTES_MAX) return 1;
    if (quotes % 2 === 0) return index === 0 || isRow(join(lines.slice(0, index + 1)).text) ? index + 1 : 1;
  }
  return undefined;
}

function join(lines: readonly Line[]): Line {
  const { number } = lines[0] as Line;
  const { bytes } = lines.at(-1) as Line;
  const row: Line = { number, bytes, text: lines.map(({ text }) => text).join("\n") };
  const fault = lines.find((line) => line.fault !== undefined)?.fault;
  if (fault !== undefined) row.fault = fault;
  return row;
}
