import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits for all of several things that may each come at any time, or never: no longer than `graceMs` once one of them
 * is there.
 *
 * @throws what any of them throws until then; Error when none is there within `timeoutMs`
 */
export async function allOrAny(
  things: readonly Promise<void>[],
  { graceMs, timeoutMs, what }: { graceMs: number; timeoutMs: number; what: string },
): Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  const all = Promise.all(things);
  const late = delay(timeoutMs, undefined, { signal }).then(() => {
    throw new Error(`${what} did not answer within ${timeoutMs} ms`);
  });
  late.catch(() => {}); // raced
  try {
    await Promise.race([all, Promise.race(things).then(() => delay(graceMs, undefined, { signal })), late]);
  } finally {
    ended.abort();
    all.catch(() => {}); // what comes now is told elsewhere
  }
}
