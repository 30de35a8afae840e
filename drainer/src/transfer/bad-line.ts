const CHARACTERS_MAX = 40;

/** A line of a file that is no entry. The message begins with the column, where it is of one. */
export class BadLine extends Error {
  /** The columns that are wrong; empty where the line as a whole is. */
  readonly columns: readonly string[];

  constructor(message: string, columns: readonly string[] = []) {
    super(message);
    this.columns = columns;
  }
}

/**
 * A text of a file for a message: cut, and without characters that a terminal or a log would obey.
 */
export const showText = (text: string): string =>
  (text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)}\u2026` : text).replace(/\p{C}/gu, "\ufffd");
