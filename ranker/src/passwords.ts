import { Problem } from "shared/problems";
import { normalizePassword } from "./password-rules.ts";

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Compares in the time of one hash, also when there is no hash to compare with. */
  matches(password: string, hash: string | undefined): Promise<boolean>;
}

// OWASP's profile for argon2id. One hash takes some 20 ms of one core and 19 MiB.
const ARGON2ID = { algorithm: "argon2id", memoryCost: 19 * 1024, timeCost: 2 } as const;
const HASHES_AT_ONCE = 2;
// Half a second's work: whoever waits longer than a second in all has had no answer from the gateway anyway.
const HASHES_WAITING_MAX = 40;

/**
 * argon2id with a bound on the hashes that run and on those that wait: a flood of logins may fill the line, not the
 * memory or the cores that scores need.
 *
 * @throws Problem `unavailable` from either method when the line is full
 */
export async function createPasswords(): Promise<Passwords> {
  const nobodysHash = await Bun.password.hash(crypto.randomUUID(), ARGON2ID);
  const waiting: (() => void)[] = [];
  let running = 0;

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= HASHES_AT_ONCE) {
      if (waiting.length >= HASHES_WAITING_MAX) {
        throw new Problem("unavailable", "Too many logins at once. Try again shortly.");
      }
      await new Promise<void>((resolve) => waiting.push(resolve)); // whoever ends hands its place over
    } else {
      running++;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  }

  return {
    hash: (password) => inTurn(() => Bun.password.hash(normalizePassword(password), ARGON2ID)),
    matches: (password, hash) =>
      inTurn(async () => {
        const matched = await Bun.password.verify(normalizePassword(password), hash ?? nobodysHash);
        return hash !== undefined && matched;
      }),
  };
}
