import { expect, test } from "bun:test";
import { LEASE_TTL_MS } from "../leases/lease.ts";
import { backoffAfter, pauseAfter } from "./step-pause.ts";

const drained = { state: "drained", events: 10, rows: 10, refused: 0, isTrimmed: true } as const;

test.each([
  ["a full batch is followed by the next step at once", { ...drained, isFull: true }, 0],
  ["a partial batch waits for more events", { ...drained, isFull: false }, 50],
  ["an empty queue is peeked again after the interval", { state: "empty" }, 50],
  [
    "a queue held by another drainer is tried twice within the TTL of a lease",
    { state: "held_elsewhere" },
    LEASE_TTL_MS / 2,
  ],
] as const)("%s", (_name, step, pause) => {
  expect(pauseAfter(step, 50)).toBe(pause);
});

test("failures are retried after 50 to 100 ms at first, and never later than two seconds", () => {
  expect(backoffAfter(1, 0)).toBe(50);
  expect(backoffAfter(1, 0.5)).toBe(75);
  expect(backoffAfter(3, 0)).toBe(200);
  expect(backoffAfter(1_000, 0.999_999)).toBeLessThan(2_000);
});
