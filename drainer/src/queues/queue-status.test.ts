import { expect, test } from "bun:test";
import { readDeadElement, toDeadElement } from "shared/model/dead-element";
import { format, formatDead, toDeadLine } from "./queue-status.ts";

const none = { length: 0, oldest: [] };
const at = new Date("2026-01-02T03:04:05.000Z");
const dead = (raw: string | Buffer, reason = "r") => Buffer.from(toDeadElement({ raw: Buffer.from(raw), reason }, at));

test("an empty queue is one line", () => {
  expect(format("EU", none, none)).toBe("EU: 0 waiting, 0 dead");
});

test("waiting and dead events are listed, and the rest is counted", () => {
  const waiting = { length: 25, oldest: ["a", "b"].map((event) => Buffer.from(event)) };
  expect(format("EU.3", waiting, { length: 1, oldest: [dead("c")] })).toBe(
    [
      "EU.3: 25 waiting, 1 dead",
      "  waiting  a",
      "  waiting  b",
      "  waiting  … and 23 more",
      "  dead  2026-01-02T03:04:05.000Z  r  c",
    ].join("\n"),
  );
});

test("an element that no drainer wrote is shown unchanged", () => {
  expect(formatDead(readDeadElement(Buffer.from("{}")))).toBe("{}");
});

test("an event that is not text is shown in base64, to people and to machines", () => {
  const event = readDeadElement(dead(Buffer.from([0xff])));
  expect(formatDead(event)).toBe("2026-01-02T03:04:05.000Z  r  base64 /w==");
  expect(JSON.parse(toDeadLine("EU", event))).toEqual({
    queue: "EU",
    at: at.toISOString(),
    reason: "r",
    event_base64: "/w==",
  });
});

test("the hash of a password is never shown, not even inside a dead event or its reason", () => {
  const event = JSON.stringify({ user_id: "ann", password_hash: "$argon2id$secret" });
  const element = dead(event, "not JSON: $argon2id$secret");
  const waiting = { length: 1, oldest: [Buffer.from(event)] };
  const texts = [
    format("accounts", waiting, { length: 1, oldest: [element] }),
    toDeadLine("a", readDeadElement(element)),
  ];
  for (const text of texts) {
    expect(text).not.toContain("secret");
    expect(text).toContain("ann");
  }
});
