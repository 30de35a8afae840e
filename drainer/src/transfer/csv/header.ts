import { splitCells } from "./split-cells.ts";

/** No line of the file names the columns, so that no line can be read. */
export class NoHeader extends Error {}

/** What the first row of a CSV says. */
export interface Header {
  separator: string;
  /** The columns in their order; "" for one without a name. */
  columns: readonly string[];
}

/** Columns of a file, and those of them and beside them that need not be there. */
export interface Columns {
  all: readonly string[];
  optional: readonly string[];
}

/** Excel writes the list separator of the machine's language; "Text (tab delimited)" has tabs. */
const SEPARATORS = [",", ";", "\t", "|"];

/**
 * The separator of a first line such as `sep=;`, which tells Excel how to read the file. Where
 * another program has saved the file, its own separators are behind it.
 */
export const readSeparator = (row: string): string | undefined => /^"?sep=([^"\r\n])"?[,;\t|]*$/i.exec(row)?.[1];

/**
 * Reads the columns in any order, in any case and with any separator.
 *
 * @param declared a separator to try first
 * @throws NoHeader in words for a person
 */
export function readHeader(
  row: string,
  wanted: Columns,
  { cell, declared }: { cell: (text: string) => string; declared: string | undefined },
): Header {
  const separators = declared === undefined ? SEPARATORS : [declared, ...SEPARATORS];
  const headers = separators.flatMap((separator): Header[] => {
    const cells = splitCells(row, separator);
    return Array.isArray(cells) ? [{ separator, columns: cells.map((each) => toColumn(cell(each))) }] : [];
  });
  const found = headers.find(({ columns }) => faultsOf(columns, wanted).length === 0);
  if (found !== undefined) return found;
  if (/^\s*[[{]/.test(row)) throw new NoHeader("the file seems to have JSON: import it with --format ndjson");
  const known = ({ columns }: Header) => columns.filter((each) => isKnown(each, wanted)).length;
  const [nearest] = headers.toSorted((a, b) => known(b) - known(a));
  const names = `the first line must name the columns ${wanted.all.join(",")}`;
  if (nearest === undefined || known(nearest) === 0) throw new NoHeader(names);
  throw new NoHeader(`${names}: ${faultsOf(nearest.columns, wanted).join("; ")}`);
}

/** `User ID` and ` user-id ` are the column `user_id`. */
const toColumn = (cell: string) =>
  cell
    .normalize("NFKC")
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, "_");

const isKnown = (column: string, { all, optional }: Columns) => all.includes(column) || optional.includes(column);

function faultsOf(columns: readonly string[], wanted: Columns): string[] {
  const named = columns.filter((each) => each !== "");
  const missing = wanted.all.filter((each) => !wanted.optional.includes(each) && !named.includes(each));
  const unknown = named.filter((each) => !isKnown(each, wanted));
  const repeated = named.filter((each, index) => named.indexOf(each) < index);
  const faults: [string[], string][] = [
    [missing, "it lacks"],
    [unknown, "the board has no"],
    [repeated, "it names twice"],
  ];
  return faults.flatMap(([which, what]) => (which.length > 0 ? [`${what} ${[...new Set(which)].join(", ")}`] : []));
}
