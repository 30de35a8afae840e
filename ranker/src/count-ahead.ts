import part from "./count-ahead.lua" with { type: "text" };

/** A script that counts who is ahead: `count-ahead.lua` goes below its first line, which says what it may do. */
export function withCountAhead(source: string): string {
  const firstLineEnd = source.indexOf("\n") + 1;
  return source.slice(0, firstLineEnd) + part + source.slice(firstLineEnd);
}
