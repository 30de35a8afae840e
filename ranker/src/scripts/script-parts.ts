import countAhead from "../boards/count-ahead.lua" with { type: "text" };
import readSlice from "../boards/read-slice.lua" with { type: "text" };
import tiesOf from "../boards/ties-of.lua" with { type: "text" };
import isOpen from "./is-open.lua" with { type: "text" };
import isReadable from "./is-readable.lua" with { type: "text" };

/** What several scripts do in the same way. */
const parts = {
  "count-ahead": countAhead,
  "is-open": isOpen,
  "is-readable": isReadable,
  "read-slice": readSlice,
  "ties-of": tiesOf,
};
export type ScriptPart = keyof typeof parts;

/** A script with the parts that it uses, below its first line, which says what it may do. */
export function withParts(source: string, ...names: ScriptPart[]): string {
  const firstLineEnd = source.indexOf("\n") + 1;
  return source.slice(0, firstLineEnd) + names.map((name) => parts[name]).join("") + source.slice(firstLineEnd);
}
