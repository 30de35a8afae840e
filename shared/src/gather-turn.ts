/**
 * Brings together what comes under the same key within one turn of the event loop, and hands it on at the end of the
 * turn, in order. Whatever is traced of it belongs to whoever came first.
 *
 * @param max how many are handed on together at most; those beyond are handed on right after them
 */
export function gatherTurn<K, T>(max: number, handOn: (items: readonly T[]) => void): (key: K, item: T) => void {
  const open = new Map<K, T[]>();
  return (key, item) => {
    const gathered = open.get(key);
    if (gathered !== undefined && gathered.length < max) {
      gathered.push(item);
      return;
    }
    const begun = [item];
    open.set(key, begun);
    setImmediate(() => {
      if (open.get(key) === begun) open.delete(key);
      handOn(begun);
    });
  };
}
