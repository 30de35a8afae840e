/** How much is handed on together at most; what is beyond is handed on right after it. */
export interface TurnBounds<T> {
  itemsMax: number;
  /** An item that is larger than `max` is handed on alone. */
  bytes?: { max: number; of: (item: T) => number };
}

/**
 * Brings together what comes under the same key within one turn of the event loop, and hands it on at the end of the
 * turn, in order. Whatever is traced of it belongs to whoever came first.
 */
export function gatherTurn<K, T>(
  { itemsMax, bytes }: TurnBounds<T>,
  handOn: (items: readonly T[], key: K) => void,
): (key: K, item: T) => void {
  const open = new Map<K, { items: T[]; size: number }>();
  return (key, item) => {
    const size = bytes === undefined ? 0 : bytes.of(item);
    const gathered = open.get(key);
    const hasRoom =
      gathered !== undefined &&
      gathered.items.length < itemsMax &&
      (bytes === undefined || gathered.size + size <= bytes.max);
    if (hasRoom) {
      gathered.items.push(item);
      gathered.size += size;
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
