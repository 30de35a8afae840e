import { expect, test } from "bun:test";
import { format } from "./queue-status.ts";

const none = { length: 0, oldest: [] };

test("an empty queue is one line", () => {
  expect(format("EU", none, none)).toBe("EU: 0 waiting, 0 dead");
});

test("waiting and dead events are listed, and the rest is counted", () => {
  expect(format("EU.3", { length: 25, oldest: ["a", "b"] }, { length: 1, oldest: ["c"] })).toBe(
    ["EU.3: 25 waiting, 1 dead", "  waiting  a", "  waiting  b", "  waiting  … and 23 more", "  dead  c"].join("\n"),
  );
});

test("the hash of a password is never shown, not even inside a dead event", () => {
  const event = JSON.stringify({ user_id: "ann", password_hash: "$argon2id$secret" });
  const dead = JSON.stringify({ event, reason: "r" });
  const text = format("accounts", { length: 1, oldest: [event] }, { length: 1, oldest: [dead] });
  expect(text).not.toContain("argon2id");
  expect(text).toContain('"user_id":"ann"');
});
