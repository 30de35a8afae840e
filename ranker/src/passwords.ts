import { normalizePassword } from "shared/credentials";
import { Problem } from "shared/problems";

export interface Passwords {
  /** How many wait for their turn. */
  readonly waiting: number;
  hash(password: string): Promise<string>;
  /** Compares in the time of one hash, also when there is no hash to compare with. */
  matches(password: string, hash: string | undefined): Promise<boolean>;
}

// OWASP's profile for argon2id. One hash takes 20 to 40 ms of an idle core and 19 MiB.
const ARGON2ID = { algorithm: "argon2id", memoryCost: 19 * 1024, timeCost: 2 } as const;
const HASHES_AT_ONCE = 2;
// Of the 900 ms that a gateway waits: the rest is for the hash itself, on a core that is busy, and for the stores.
const WAIT_MS_MAX = 300;
// More than are served within that time on any core; each holds a request.
const HASHES_WAITING_MAX = 100;

/**
 * argon2id with a bound on the hashes that run, and on how long one may wait for its turn: a flood of logins may fill
 * the line, not the memory or the cores that scores need, and whoever is too late is told before anything was done.
 *
 * @throws Problem `unavailable` from either method when its turn does not come in time
 */
export async function createPasswords(waitMsMax = WAIT_MS_MAX): Promise<Passwords> {
  const nobodysHash = await Bun.password.hash(crypto.randomUUID(), ARGON2ID);
  const waiting = new Set<() => void>();
  let running = 0;

  /** Resolves with the place of whoever ends. */
  function awaitTurn(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const refuse = () => reject(new Problem("unavailable", "Too many logins at once. Try again shortly."));
    if (waiting.size >= HASHES_WAITING_MAX) refuse();
    else {
      const timer = setTimeout(() => {
        waiting.delete(enter);
        refuse();
      }, waitMsMax);
      const enter = () => {
        clearTimeout(timer);
        waiting.delete(enter);
        resolve();
      };
      waiting.add(enter);
    }
    return promise;
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= HASHES_AT_ONCE) await awaitTurn();
    else running++;
    try {
      return await work();
    } finally {
      const [next] = waiting; // the one that waits longest
      if (next === undefined) running--;
      else next();
    }
  }

  return {
    get waiting() {
      return waiting.size;
    },
    hash: (password) => inTurn(() => Bun.password.hash(normalizePassword(password), ARGON2ID)),
    matches: (password, hash) =>
      inTurn(async () => {
        const matched = await Bun.password.verify(normalizePassword(password), hash ?? nobodysHash);
        return hash !== undefined && matched;
      }),
  };
}
