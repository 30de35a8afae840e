import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "shared/api/problems";
import { isReply } from "shared/redis/reply-error";

// A fork of Redis, a slow sync or a lost connection takes a second or two.
const TRIES_MAX = 20;
const PAUSE_MS = 250;

/**
 * Retries an idempotent step up to 20 times, 250 ms apart, while a store does not answer. Without
 * this a long operation would start again from its beginning.
 *
 * @throws the last error; a Problem and an error reply of Redis at once, without a retry
 */
export async function retryBriefly<T>(work: () => Promise<T>, pauseMs = PAUSE_MS): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === TRIES_MAX || isReply(error) || error instanceof Problem) throw error;
      await delay(pauseMs);
    }
  }
}
