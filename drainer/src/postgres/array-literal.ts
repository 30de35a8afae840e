const TEXT_ARRAY_OID = 1009;

const SPECIAL = /["\\]/;
const escaped = (item: string) => item.replaceAll("\\", "\\\\").replaceAll('"', '\\"');

/** The literal of an array: every item in quotes. */
export function toArrayLiteral(items: readonly string[]): string {
  if (items.length === 0) return "{}";
  // One look at all of them is many times faster than one at each, and few have anything to escape.
  const safe = SPECIAL.test(items.join("")) ? items.map(escaped) : items;
  return `{"${safe.join('","')}"}`;
}

/** `text[]`, the one array type that is sent; as a literal, where that was made before. Nothing of this type is read. */
export const textArray = {
  to: TEXT_ARRAY_OID,
  from: [],
  serialize: (items: string | readonly string[]) => (typeof items === "string" ? items : toArrayLiteral(items)),
  parse: (text: string) => text,
};
