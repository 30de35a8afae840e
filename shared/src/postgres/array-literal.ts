const TEXT_ARRAY_OID = 1009;

const SPECIAL = /["\\]/;
const escaped = (item: string) => item.replaceAll("\\", "\\\\").replaceAll('"', '\\"');

/** The PostgreSQL literal of an array, every item in quotes. */
export function toArrayLiteral(items: readonly string[]): string {
  if (items.length === 0) return "{}";
  // One test of all items is many times faster than a test of each, and few batches have anything
  // to escape.
  const safe = SPECIAL.test(items.join("")) ? items.map(escaped) : items;
  return `{"${safe.join('","')}"}`;
}

/**
 * The same of values that rows may lack, where a lacking one is null. Where all rows lack it, the
 * array is empty: `unnest` fills up with nulls.
 */
export function toSparseLiteral(items: readonly (string | null | undefined)[]): string {
  if (items.every((item) => item == null)) return "{}";
  return `{${items.map((item) => (item == null ? "NULL" : `"${escaped(item)}"`)).join(",")}}`;
}

/**
 * `text[]`, the only array type that is sent; a string is taken as a finished literal.
 */
export const textArray = {
  to: TEXT_ARRAY_OID,
  from: [],
  serialize: (items: string | readonly string[]) => (typeof items === "string" ? items : toArrayLiteral(items)),
  parse: (text: string) => text,
};
