import { expect, test } from "bun:test";
import { until } from "testing/until";
import { createLog } from "../log/log.ts";
import type { RevokedTokens } from "./revoked-tokens.ts";
import { watchRevocations } from "./watch-revocations.ts";

const NOW = Date.UTC(2026, 0, 1);
const later = NOW / 1000 + 3600;
const [one, other] = ["0000000000000001", "0000000000000002"];

/** A watch over a store that answers what `set` was given last. */
function start(first: RevokedTokens | Error = new Map()) {
  let answer = first;
  let reads = 0;
  let nowMs = NOW;
  const lines: string[] = [];
  const watch = watchRevocations({
    async read() {
      reads++;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    log: createLog("test", "info", { write: (line: string) => void lines.push(line) }),
    intervalMs: 1,
    now: () => nowMs,
  });
  return {
    watch,
    lines,
    /** Resolves when the watch has read the answer twice. */
    async set(next: RevokedTokens | Error) {
      answer = next;
      const before = reads;
      await until(async () => reads >= before + 2);
    },
    pass: (seconds: number) => (nowMs += seconds * 1000),
    [Symbol.dispose]: () => watch.close(),
  };
}

test("a token is revoked once the store says so", async () => {
  using started = start();
  const { watch, set } = started;
  await watch.firstRead;
  expect(watch.has(one)).toBe(false);
  await set(new Map([[one, later]]));
  expect([watch.has(one), watch.has(other)]).toEqual([true, false]);
});

test("while the store is away the last known tokens count, and the log says so once", async () => {
  using started = start();
  const { watch, set, lines } = started;
  await set(new Map([[one, later]]));
  for (let time = 1; time <= 3; time++) await set(new Error("away"));
  expect([watch.has(one), watch.has(other)]).toEqual([true, false]);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ msg: "revoked tokens could not be read", is_known: true }),
  ]);
});

test("without one successful read it is unavailable whether a token is revoked", async () => {
  using started = start(new Error("away"));
  const { watch, set } = started;
  await watch.firstRead;
  expect(() => watch.has(one)).toThrow(expect.objectContaining({ code: "unavailable", status: 503 }));
  await set(new Map());
  expect(watch.has(one)).toBe(false);
});

test("a revoked token stays so in a store that lost it, until it expired long ago", async () => {
  using started = start();
  const { watch, set, pass } = started;
  await set(new Map([[one, later]]));
  await set(new Map());
  expect(watch.has(one)).toBe(true);
  pass(3600 + 8 * 24 * 3600);
  await set(new Map());
  expect(watch.has(one)).toBe(false);
});
