import { Problem } from "shared/api/problems";
import { normalizePassword } from "shared/auth/credentials";
import type { LimitedNetworks } from "shared/limits/limited-network";
import { createFairQueue } from "./fair-queue.ts";

export interface Passwords {
  /** How many wait for their turn. */
  readonly waiting: number;
  /** @param networks of the client: they take turns */
  hash(password: string, networks: LimitedNetworks): Promise<string>;
  /** Compares in the time of one hash, also when there is no hash to compare with. */
  matches(password: string, hash: string | undefined, networks: LimitedNetworks): Promise<boolean>;
}

/** A call that waits. */
interface Turn {
  enter: () => void;
  refuse: () => void;
}

// OWASP's profile for argon2id. One hash takes 20 to 40 ms of an idle core and 19 MiB.
const ARGON2ID = { algorithm: "argon2id", memoryCost: 19 * 1024, timeCost: 2 } as const;
const HASHES_AT_ONCE = 2;
// Of the 900 ms that a gateway waits: the rest is for the hash itself, on a core that is busy, and for the stores.
const WAIT_MS_MAX = 300;
// More than are served within that time on any core; each holds a request.
const HASHES_WAITING_MAX = 100;
// About what one core hashes within the wait.
const HASHES_WAITING_PER_ADDRESS_MAX = 20;

/**
 * argon2id with a bound on the hashes that run, on those that wait and on how long one may wait. Networks take turns, so
 * that a flood of logins fills neither the memory nor the cores that scores need, and delays no more than one hash a
 * network. A caller whose turn comes too late is refused before anything was done.
 *
 * @throws Problem `unavailable` from either method when its turn does not come in time
 */
export async function createPasswords(waitMsMax = WAIT_MS_MAX): Promise<Passwords> {
  const nobodysHash = await Bun.password.hash(crypto.randomUUID(), ARGON2ID);
  const waiting = createFairQueue<Turn>({ total: HASHES_WAITING_MAX, perAddress: HASHES_WAITING_PER_ADDRESS_MAX });
  let running = 0;

  /** Resolves when a running hash ends and hands its place on. */
  function awaitTurn(networks: LimitedNetworks): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const refuse = () => reject(new Problem("unavailable", "Too many logins at once. Try again shortly."));
    const timer = setTimeout(() => {
      waiting.remove(turn);
      refuse();
    }, waitMsMax);
    const settleBy = (act: () => void) => () => {
      clearTimeout(timer);
      act();
    };
    const turn: Turn = { enter: settleBy(resolve), refuse: settleBy(refuse) };
    const { isAdded, dropped } = waiting.add(networks, turn);
    if (!isAdded) turn.refuse();
    dropped?.refuse();
    return promise;
  }

  async function inTurn<T>(networks: LimitedNetworks, work: () => Promise<T>): Promise<T> {
    if (running >= HASHES_AT_ONCE) await awaitTurn(networks);
    else running++;
    try {
      return await work();
    } finally {
      const next = waiting.next();
      if (next === undefined) running--;
      else next.enter();
    }
  }

  return {
    get waiting() {
      return waiting.size;
    },
    hash: (password, networks) => inTurn(networks, () => Bun.password.hash(normalizePassword(password), ARGON2ID)),
    matches: (password, hash, networks) =>
      inTurn(networks, async () => {
        const matched = await Bun.password.verify(normalizePassword(password), hash ?? nobodysHash);
        return hash !== undefined && matched;
      }),
  };
}
