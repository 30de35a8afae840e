import { Problem } from "shared/api/problems";
import { normalizePassword } from "shared/auth/passwords";
import { PASSWORD_TURN_MS } from "shared/base/deadlines";
import type { LimitedNetworks } from "shared/limits/limited-network";
import { createFairQueue } from "./fair-queue.ts";

export interface Passwords {
  /** Calls that wait for their turn. */
  readonly waiting: number;
  /** @param networks of the client, which take turns with other networks */
  hash(password: string, networks: LimitedNetworks): Promise<string>;
  /** Compares in the time of one hash, also when there is no hash to compare with. */
  matches(password: string, hash: string | undefined, networks: LimitedNetworks): Promise<boolean>;
}

/** A call that waits. */
interface Turn {
  enter: () => void;
  refuse: () => void;
}

// OWASP's profile for argon2id. One hash takes 20 to 40 ms of an idle core and 19 MiB. A new cost
// applies to new passwords only: each hash names its own cost, and a login keeps it.
const ARGON2ID = { algorithm: "argon2id", memoryCost: 19 * 1024, timeCost: 2 } as const;
const HASHES_AT_ONCE = 2;
// More than any core serves within PASSWORD_TURN_MS; each holds a request.
const HASHES_WAITING_MAX = 100;
// About what one core hashes within PASSWORD_TURN_MS.
const HASHES_WAITING_PER_ADDRESS_MAX = 20;

/**
 * Hashes by argon2id, with bounds on the hashes that run, on those that wait and on their wait.
 * Networks take turns: a flood of logins leaves scores their memory and cores, and delays another
 * network by one hash. A call whose turn does not come in time is refused before anything was done.
 *
 * @throws Problem `unavailable` from either method when its turn does not come in time
 */
export async function createPasswords(waitMsMax = PASSWORD_TURN_MS): Promise<Passwords> {
  const hashOfNoPlayer = await Bun.password.hash(crypto.randomUUID(), ARGON2ID);
  const waiting = createFairQueue<Turn>({ total: HASHES_WAITING_MAX, perAddress: HASHES_WAITING_PER_ADDRESS_MAX });
  let running = 0;

  /** Resolves when a hash ends and hands its place on to this call. */
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
        const matched = await Bun.password.verify(normalizePassword(password), hash ?? hashOfNoPlayer);
        return hash !== undefined && matched;
      }),
  };
}
