import { closest, distance } from "fastest-levenshtein";

/**
 * `; did you mean top?` where one of the words is near to what was typed, and otherwise nothing.
 */
export function suggest(typed: string, words: readonly string[]): string {
  if (words.length === 0) return "";
  const near = closest(typed, words);
  // Two letters may be wrong, as in `tpo`; of a long word more, but not all of a short one.
  const isNear = distance(typed, near) <= Math.max(2, typed.length * 0.4) && distance(typed, near) < typed.length;
  return isNear ? `; did you mean ${near}?` : "";
}

/** Whether one letter is wrong, missing or too many, or two have changed places. */
export function isSlip(typed: string, meant: string): boolean {
  const letters = distance(typed, meant);
  return letters <= 1 || (letters === 2 && [...typed].sort().join("") === [...meant].sort().join(""));
}
