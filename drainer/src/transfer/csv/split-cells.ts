import Papa from "papaparse";

/** Why a row cannot be split, and how many cells are whole in front of the fault. */
export interface UnclosedQuote {
  cellsBefore: number;
}

/** Splits one row at a separator, as RFC 4180 has it. */
export function splitCells(row: string, separator: string): string[] | UnclosedQuote {
  if (!row.includes('"')) return row.split(separator);
  const { data, errors } = parse(row, separator);
  const [fault] = errors;
  if (fault !== undefined || data.length > 1) {
    const before = parse(row.slice(0, fault?.index ?? 0), separator).data[0] ?? [""];
    return { cellsBefore: before.length - 1 };
  }
  return data[0] ?? [];
}

const parse = (text: string, separator: string) =>
  Papa.parse<string[]>(text, { delimiter: separator, newline: "\n", quoteChar: '"' });
