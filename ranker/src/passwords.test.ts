import { expect, test } from "bun:test";
import { createPasswords } from "./passwords.ts";

const passwords = await createPasswords();

test("a password matches its own hash and no other", async () => {
  const hash = await passwords.hash("correct horse");
  expect(await passwords.matches("correct horse", hash)).toBe(true);
  expect(await passwords.matches("correct horsf", hash)).toBe(false);
});

test("without a hash nothing matches", async () => {
  expect(await passwords.matches("correct horse", undefined)).toBe(false);
});

test("a flood is turned away beyond the line, and those in line are served", async () => {
  const results = await Promise.allSettled(Array.from({ length: 100 }, () => passwords.matches("x", undefined)));
  const refused = results.filter((result) => result.status === "rejected");
  expect(refused.length).toBe(100 - 42); // two at work and forty in line
  expect(refused[0]).toMatchObject({ reason: { code: "unavailable", headers: { "Retry-After": "1" } } });
  expect(await passwords.matches("x", undefined)).toBe(false);
}, 20_000);
