import { BadLine, showText } from "../bad-line.ts";
import { splitCells } from "./split-cells.ts";

/** The first line does not name the columns, so that no line can be read. */
export class NoHeader extends BadLine {
  /** Of the line, from 1 on; 0 where it is not known. */
  readonly line: number;
  /** The message without the line. */
  readonly reason: string;

  constructor(reason: string, columns: readonly string[] = [], line = 0) {
    super(line === 0 ? reason : `line ${line}: ${reason}`, columns);
    this.line = line;
    this.reason = reason;
  }
}

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

const SHOWN_MAX = 10;

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
  const faults = faultsOf(nearest.columns, wanted);
  const inWords = faults.map(({ what, columns }) => `${what} ${columns.join(", ")}`);
  throw new NoHeader(
    `${names}: ${inWords.join("; ")}`,
    faults.flatMap(({ columns }) => columns),
  );
}

/** `User ID` and ` user-id ` are the column `user_id`. */
const toColumn = (cell: string) =>
  cell
    .normalize("NFKC")
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, "_");

const isKnown = (column: string, { all, optional }: Columns) => all.includes(column) || optional.includes(column);

interface HeaderFault {
  what: string;
  columns: string[];
}

function faultsOf(columns: readonly string[], wanted: Columns): HeaderFault[] {
  const named = columns.filter((each) => each !== "");
  const missing = wanted.all.filter((each) => !wanted.optional.includes(each) && !named.includes(each));
  const unknown = named.filter((each) => !isKnown(each, wanted));
  const repeated = named.filter((each, index) => named.indexOf(each) < index);
  const faults: HeaderFault[] = [
    { what: "it lacks", columns: missing },
    { what: "take out what the board does not have,", columns: unknown },
    { what: "it names twice", columns: repeated },
  ];
  return faults.flatMap(({ what, columns: all }) => {
    const shown = [...new Set(all)].slice(0, SHOWN_MAX).map(showText);
    return shown.length === 0 ? [] : { what, columns: shown };
  });
}
