import { describe, expect, test } from "bun:test";
import { createPasswords, type Passwords } from "./passwords.ts";

const passwords = await createPasswords();

test("a password matches its own hash and no other", async () => {
  const hash = await passwords.hash("correct horse");
  expect(await passwords.matches("correct horse", hash)).toBe(true);
  expect(await passwords.matches("correct horsf", hash)).toBe(false);
});

test("without a hash nothing matches", async () => {
  expect(await passwords.matches("correct horse", undefined)).toBe(false);
});

describe("a flood", () => {
  const flood = (under: Passwords) =>
    Promise.allSettled(Array.from({ length: 150 }, () => under.matches("x", undefined)));
  const isRefusal = (result: PromiseSettledResult<boolean>) => result.status === "rejected";

  test("is turned away beyond the line, and those in line are served", async () => {
    const patient = await createPasswords(60_000);
    const refused = (await flood(patient)).filter(isRefusal);
    expect(refused.length).toBe(150 - 102); // two at work and a hundred in line
    expect(refused[0]).toMatchObject({ reason: { code: "unavailable", headers: { "retry-after": "1" } } });
    expect(await patient.matches("x", undefined)).toBe(false);
  }, 60_000);

  test("waits no longer than its time: whoever is too late is told before anything was done", async () => {
    const impatient = await createPasswords(0);
    const results = await flood(impatient);
    expect(results.filter(isRefusal).length).toBeGreaterThan(100);
    expect(results.slice(0, 2).filter(isRefusal)).toEqual([]); // at work at once
    expect(await impatient.matches("x", undefined)).toBe(false); // nobody's place is lost
  });
});
