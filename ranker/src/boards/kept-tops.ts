/** Values by name, for a second and as far as there is room: whoever was not asked for longest makes room first. */
export interface Keeping<T> {
  find(name: string, nowMs: number): T | undefined;
  /**
   * @param entries how many the value holds
   * @param atMs when what it tells was asked for; whatever nobody has asked for in the second before that is let go
   */
  keep(name: string, value: T, entries: number, atMs: number): void;
}

// A shard's clock only grows, but for a replica that lagged when it took over: it may give out a version again.
const KEPT_MS = 1_000;
/** Of all that one keeping holds, some 200 bytes each; a name counts as one, or there would be no end of empty ones. */
export const KEPT_ENTRIES_MAX = 50_000;

interface Kept<T> {
  value: T;
  size: number;
  atMs: number;
  lastAskedMs: number;
}

/** Of moments on one monotonic clock. */
export function createKeeping<T>(): Keeping<T> {
  const all = new Map<string, Kept<T>>();
  let held = 0;

  function drop(name: string): void {
    held -= all.get(name)?.size ?? 0;
    all.delete(name);
  }

  return {
    find(name, nowMs) {
      const kept = all.get(name);
      if (kept === undefined) return undefined;
      if (nowMs - kept.atMs > KEPT_MS) {
        drop(name);
        return undefined;
      }
      kept.lastAskedMs = nowMs;
      all.delete(name);
      all.set(name, kept);
      return kept.value;
    },
    keep(name, value, entries, atMs) {
      drop(name);
      const size = 1 + entries;
      all.set(name, { value, size, atMs, lastAskedMs: atMs });
      held += size;
      for (const [oldest, { lastAskedMs }] of all) {
        if (held <= KEPT_ENTRIES_MAX && atMs - lastAskedMs <= KEPT_MS) break;
        drop(oldest);
      }
    },
  };
}
