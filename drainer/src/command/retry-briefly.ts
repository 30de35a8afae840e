import { setTimeout as delay } from "node:timers/promises";
import { Problem } from "shared/api/problems";
import { isReply } from "shared/redis/connection";

// A fork of Redis, a slow sync or a lost connection takes a second or two.
const TRIES_MAX = 20;
const PAUSE_MS = 250;

/**
 * Does a part of a long work again where a store did not answer: the whole would begin anew otherwise. For what may be
 * repeated alone.
 *
 * @throws what it failed with the last time; at once what Redis refused
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
