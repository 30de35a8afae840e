import { describe, expect, test } from "bun:test";
import { assert, property, string } from "fast-check";
import { isUserId } from "../model/scores.ts";
import { isSpelledSubject, readSubject, spellSubject } from "./subject-spelling.ts";

test.each([
  ["grace", "grace"],
  ["auth0|5f7c", "x--auth0_7C5f7c"],
  ["google-oauth2|103547991597142817347", "x--google-oauth2_7C103547991597142817347"],
  ["001234.0f3a.0951", "x--001234_2E0f3a_2E0951"],
  ["ada@example.com", "x--ada_40example_2Ecom"],
  ["é", "x--_C3_A9"],
  ["x--ada", "x--x--ada"],
  ["x--auth0_7C5f7c", "x--x--auth0_5F7C5f7c"],
])("the subject %s is the player %s, and is read back", (subject, userId) => {
  expect(spellSubject(subject)).toBe(userId);
  expect(readSubject(userId)).toBe(subject);
});

test("every subject has one user_id, which gives the subject back or is a hash", async () => {
  const odd = string({ unit: "grapheme", minLength: 1, maxLength: 80 });
  await assert(
    property(odd, (subject) => {
      const userId = spellSubject(subject) ?? "";
      const isHash = userId.startsWith("x--_h");
      return (
        isUserId(userId) &&
        isSpelledSubject(userId) !== (userId === subject) &&
        (isHash || readSubject(userId) === subject)
      );
    }),
  );
});

describe("a subject that is too long for its spelling", () => {
  test("is a hash, the same at any time and another for another subject", () => {
    const long = `samlp|${"company".repeat(20)}|ada`;
    expect(spellSubject(long)).toMatch(/^x--_h[\w-]{43}$/);
    expect(spellSubject(long)).toBe(spellSubject(long));
    expect(spellSubject(long)).not.toBe(spellSubject(`${long}a`));
    expect(readSubject(spellSubject(long) ?? "")).toBeUndefined();
  });
});

test.each(["", "\ud800"])("%p is no subject", (subject) => {
  expect(spellSubject(subject)).toBeUndefined();
});
