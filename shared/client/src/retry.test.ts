import { describe, expect, test } from "bun:test";
import { type ErrorCode, LeaderboardError } from "./errors.ts";
import { mayRetry, wait, waitMsBefore } from "./retry.ts";

describe("a failed call is retried", () => {
  test.each<[code: ErrorCode, status: number, always: boolean, repeatable: boolean]>([
    ["rate_limited", 429, true, true],
    ["queue_full", 429, true, true],
    ["unavailable", 503, true, true],
    ["no_upstream", 503, true, true],
    ["stale_definition", 503, true, true],
    ["season_unknown", 503, true, true],
    ["outcome_unknown", 503, false, true],
    ["no_answer", 0, false, true],
    ["not_understood", 502, false, true],
    ["not_understood", 503, false, true],
    ["not_understood", 200, false, false],
    ["internal", 500, false, false],
    ["invalid_request", 400, false, false],
    ["idempotency_conflict", 409, false, false],
  ])("after %s with %d: any request %p, a repeatable one %p", (code, status, always, repeatable) => {
    const error = new LeaderboardError(code, "", { status });
    expect([mayRetry(error, { isRepeatable: false }), mayRetry(error, { isRepeatable: true })]).toEqual([
      always,
      repeatable,
    ]);
  });
});

test("the wait is Retry-After and up to a quarter more, or else doubles up to five seconds", () => {
  expect([0, 0.5, 1].map((random) => waitMsBefore(1, 2, random))).toEqual([2000, 2250, 2500]);
  expect(waitMsBefore(9, 0, 1)).toBe(0);
  expect([1, 2, 3, 6, 100].map((attempt) => waitMsBefore(attempt, undefined, 1))).toEqual([200, 400, 800, 5000, 5000]);
  expect(waitMsBefore(1, undefined, 0)).toBe(100);
});

test("an aborted signal ends the wait with its reason", async () => {
  const aborter = new AbortController();
  const waiting = wait(1_000_000, aborter.signal);
  aborter.abort("enough");
  expect(await waiting.catch((reason: unknown) => reason)).toBe("enough");
  expect(await wait(1_000_000, aborter.signal).catch((reason: unknown) => reason)).toBe("enough");
});
