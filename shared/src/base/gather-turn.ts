/** Bounds of one batch. Items beyond them make a further batch, handed on right after it. */
export interface BatchBounds<T> {
  itemsMax: number;
  /** The sizes of a batch's items add up to `max` at most; a larger item is a batch of its own. */
  bytes?: { max: number; of: (item: T) => number };
}

/**
 * Batches the items that come under one key in one turn of the event loop, and hands each batch on
 * at the end of the turn, in order. A trace of the batch belongs to the request of its first item.
 */
export function gatherTurn<K, T>(
  { itemsMax, bytes }: BatchBounds<T>,
  handOn: (items: readonly T[], key: K) => void,
): (key: K, item: T) => void {
  const open = new Map<K, { items: T[]; size: number }>();
  return (key, item) => {
    const size = bytes === undefined ? 0 : bytes.of(item);
    const batch = open.get(key);
    const hasRoom =
      batch !== undefined && batch.items.length < itemsMax && (bytes === undefined || batch.size + size <= bytes.max);
    if (hasRoom) {
      batch.items.push(item);
      batch.size += size;
      return;
    }
    const begun = { items: [item], size };
    open.set(key, begun);
    setImmediate(() => {
      if (open.get(key) === begun) open.delete(key);
      handOn(begun.items, key);
    });
  };
}
