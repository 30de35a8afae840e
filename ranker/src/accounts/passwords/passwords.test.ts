import { describe, expect, test } from "bun:test";
import type { LimitedNetworks } from "shared/limits/limited-network";
import { createPasswords, type Passwords } from "./passwords.ts";

const passwords = await createPasswords();
const HOME: LimitedNetworks = ["192.0.2.1"];

test("a password matches its own hash and no other", async () => {
  const hash = await passwords.hash("correct horse", HOME);
  expect(await passwords.matches("correct horse", hash, HOME)).toBe(true);
  expect(await passwords.matches("correct horsf", hash, HOME)).toBe(false);
});

test("without a hash no password matches", async () => {
  expect(await passwords.matches("correct horse", undefined, HOME)).toBe(false);
});

type Outcome = PromiseSettledResult<boolean>;
const isRefusal = (result: Outcome) => result.status === "rejected";

describe("a flood", () => {
  /** Makes calls at once, from several networks in turn. */
  const flood = (under: Passwords, calls: number, networks: number): Promise<Outcome>[] =>
    Array.from({ length: calls }, async (_, n) => {
      const [outcome] = await Promise.allSettled([under.matches("x", undefined, [`network ${n % networks}`])]);
      return outcome;
    });

  test("is refused beyond the queue, and calls in the queue are served", async () => {
    const patient = await createPasswords(60_000);
    const refused = (await Promise.all(flood(patient, 150, 150))).filter(isRefusal);
    expect(refused.length).toBe(150 - 102); // two run and a hundred wait
    expect(refused[0]).toMatchObject({ reason: { code: "unavailable", headers: { "retry-after": "1" } } });
    expect(await patient.matches("x", undefined, HOME)).toBe(false);
  }, 60_000);

  test.each([
    ["one network", 1, 2 + 20],
    ["eight networks", 8, 2 + 100],
  ])(
    "from %s takes no login from others: an owner who comes last waits for one hash a network",
    async (_, networks, served) => {
      const patient = await createPasswords(60_000);
      const order: string[] = [];
      const guesses = flood(patient, 150, networks).map(async (guess) => {
        const outcome = await guess;
        if (!isRefusal(outcome)) order.push("guess");
        return outcome;
      });
      const owner = patient.matches("x", undefined, HOME).then(() => void order.push("owner"));
      const outcomes = await Promise.all(guesses);
      await owner;
      // Two run when the owner comes, two more may when the owner's hash ends.
      expect(order.indexOf("owner")).toBeLessThanOrEqual(networks + 4);
      expect(outcomes.filter((outcome) => !isRefusal(outcome)).length).toBeWithin(served - 1, served + 1);
    },
    60_000,
  );

  test("is refused when its turn does not come in time, before anything was done", async () => {
    const impatient = await createPasswords(0);
    const results = await Promise.all(flood(impatient, 150, 150));
    expect(results.filter(isRefusal).length).toBeGreaterThan(100);
    expect(results.slice(0, 2).filter(isRefusal)).toEqual([]); // these two run at once
    expect(await impatient.matches("x", undefined, HOME)).toBe(false); // no place is lost
  });
});
