/** A line of a file that is no entry. The message begins with the column, where it is of one. */
export class BadLine extends Error {
  /** The columns that are wrong; empty where the line as a whole is. */
  readonly columns: readonly string[];

  constructor(message: string, columns: readonly string[] = []) {
    super(message);
    this.columns = columns;
  }
}
