import { LeaderboardError, type Live, type LiveOptions } from "leaderboard-client";
import { wait } from "shared/base/wait";

export interface PollOptions<E> extends LiveOptions {
  /** Whether nothing can change after this event. */
  isLast?: (event: E) => boolean;
}

/**
 * Reads again and again, for what the server has no stream of. Looks like a subscription of the
 * client, so that `watch` takes either.
 *
 * @throws LeaderboardError for a permanent refusal; the reason of an aborted signal
 */
export async function* poll<E extends object>(
  read: (signal: AbortSignal | undefined) => Promise<E>,
  intervalMs: number,
  { signal, onOpen, onLost, isLast }: PollOptions<E>,
): AsyncGenerator<Live<E>, void, undefined> {
  for (;;) {
    let event: E | undefined;
    try {
      event = await read(signal);
      onOpen?.();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof LeaderboardError) || isPermanent(error)) throw error;
      onLost?.(error, intervalMs);
    }
    if (event !== undefined) yield { ...event, id: "" };
    if (event !== undefined && isLast?.(event) === true) return;
    await wait(intervalMs, signal);
  }
}

/** Whether a later attempt is refused as well. */
export const isPermanent = ({ status }: LeaderboardError) => status >= 400 && status < 500 && status !== 429;
