import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits for all of the promises, but no longer than `graceMs` after the first one resolves.
 *
 * @param promises each may resolve at any time, or never
 * @throws what one of them rejects with until then; Error, naming `what`, when none resolves within
 *   `timeoutMs`
 */
export async function allOrAny(
  promises: readonly Promise<void>[],
  { graceMs, timeoutMs, what }: { graceMs: number; timeoutMs: number; what: string },
): Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  const all = Promise.all(promises);
  const late = delay(timeoutMs, undefined, { signal }).then(() => {
    throw new Error(`${what} did not answer within ${timeoutMs} ms`);
  });
  late.catch(() => {}); // may reject after the race is decided
  try {
    await Promise.race([all, Promise.race(promises).then(() => delay(graceMs, undefined, { signal })), late]);
  } finally {
    ended.abort();
    all.catch(() => {}); // later rejections are reported by the callers of these promises
  }
}
