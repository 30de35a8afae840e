/**
 * Asks about items in parts of `most` or fewer, as even as can be, all at once. About no items it
 * asks once.
 *
 * @returns the answers in the order of the parts
 */
export function inParts<T, A>(
  items: readonly T[],
  most: number,
  ask: (part: readonly T[]) => Promise<A>,
): Promise<A[]> {
  const parts = Math.max(1, Math.ceil(items.length / Math.max(1, most)));
  const size = Math.ceil(items.length / parts);
  return Promise.all(Array.from({ length: parts }, (_, part) => ask(items.slice(part * size, (part + 1) * size))));
}
