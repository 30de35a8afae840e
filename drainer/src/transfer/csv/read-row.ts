import { BadLine } from "../bad-line.ts";
import type { Columns, Header } from "./header.ts";
import { splitCells } from "./split-cells.ts";

/** A column that may be empty in every file. */
const MAY_BE_EMPTY = ["metadata"];

/**
 * The cells of a row by their columns; undefined for a row without any text. Excel leaves out empty
 * cells at the end of some rows, and adds columns that were used once.
 *
 * @throws BadLine
 */
export function readRow(
  row: string,
  { separator, columns }: Header,
  { cell, optional }: Pick<Columns, "optional"> & { cell: (text: string) => string },
): Record<string, string> | undefined {
  const split = splitCells(row, separator);
  if (!Array.isArray(split)) {
    const column = columns[split.cellsBefore] ?? "";
    const where = column === "" ? "the line" : column;
    throw new BadLine(`${where} has a quote that does not close: ${HOW_TO_QUOTE}`, column === "" ? [] : [column]);
  }
  const cells = split.map(cell);
  if (cells.every((each) => each.trim() === "")) return undefined;
  const beyond = cells.findIndex((each, index) => each.trim() !== "" && (columns[index] ?? "") === "");
  if (beyond >= columns.length) {
    throw new BadLine(`has ${cells.length} cells, and the header ${columns.length}: ${toQuote(separator)}`);
  }
  if (beyond !== -1) {
    throw new BadLine(`column ${beyond + 1} has a cell and no name: name it in the header, or empty it`);
  }
  const missing = columns.slice(cells.length).filter((each) => each !== "");
  const lacking = missing.filter((each) => !optional.includes(each) && !MAY_BE_EMPTY.includes(each));
  if (lacking.length > 0) {
    const lacks = `lacks ${lacking.join(", ")}`;
    throw new BadLine(`has ${cells.length} cells, and the header ${columns.length}: it ${lacks}`, lacking);
  }
  const named = columns.map((column, index): [string, string] => [column, cells[index] ?? ""]);
  return Object.fromEntries(
    named.filter(([column, text]) => column !== "" && !(text.trim() === "" && optional.includes(column))),
  );
}

const HOW_TO_QUOTE = 'a cell with a quote stands in quotes, and its own are doubled ("")';
const toQuote = (separator: string) =>
  `a cell with ${separator === "\t" ? "a tab" : `a ${separator}`} or a line break stands in quotes`;

/** The columns whose cells have U+FFFD, which stands for what is not UTF-8. */
export function findGarbled(row: string, { separator, columns }: Header): string[] {
  const cells = splitCells(row, separator);
  if (!Array.isArray(cells)) return [];
  return columns.filter((column, index) => column !== "" && (cells[index] ?? "").includes("\ufffd"));
}
