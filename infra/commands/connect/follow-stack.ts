import { setTimeout as delay } from "node:timers/promises";
import type { Environment } from "shared/service/environment";
import { STACK_RUN_FILE, STACK_URL } from "../../start/environment.ts";
import { FOLLOW_SIGNAL, runningStack } from "../../start/run-file.ts";

const SERVING_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/**
 * Has the embedded stack, where one runs, start its services with the number of partitions that
 * Redis has now.
 *
 * @returns true once the stack serves reads again; false where no stack runs, or not in time
 */
export async function followStack(env: Environment): Promise<boolean> {
  const { [STACK_RUN_FILE]: file = "", [STACK_URL]: url = "" } = env;
  const pid = runningStack(file);
  if (pid === undefined) return false;
  process.kill(pid, FOLLOW_SIGNAL);
  for (const endsAt = performance.now() + SERVING_TIMEOUT_MS; performance.now() < endsAt; await delay(POLL_MS)) {
    const answer = await fetch(`${url}/top?limit=1`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
    if (answer?.ok) return true;
  }
  return false;
}
