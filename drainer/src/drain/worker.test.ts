import { expect, test } from "bun:test";
import { createLog } from "shared/log/log";
import type { Step } from "./drain.ts";
import { YIELD_PAUSE_MS } from "./step-pause.ts";
import { startWorker } from "./worker.ts";

const log = createLog("test", "silent");
const drained = (events: number): Step => ({
  state: "drained",
  events,
  rows: events,
  refused: 0,
  isTrimmed: true,
  isFull: false,
});

/** A worker over scripted steps: it throws the errors, and at the end the queue is empty. */
function startScripted(script: (Step | Error)[], yieldAfterMs?: number) {
  const seen: string[] = [];
  const { promise: isEmpty, resolve } = Promise.withResolvers<void>();
  const worker = startWorker({
    tag: "EU",
    log,
    intervalMs: 1,
    yieldAfterMs,
    lease: { release: async () => void seen.push("released") },
    drain: async () => {
      const next = script.shift();
      if (next instanceof Error) throw next;
      return next ?? { state: "empty" };
    },
    onStep: (step) => {
      seen.push(step.state);
      if (step.state === "empty") resolve();
    },
    onFailure: () => seen.push("failed"),
  });
  return { worker, seen, isEmpty };
}

test("a failed step is repeated until it succeeds", async () => {
  const { worker, seen, isEmpty } = startScripted([new Error("away"), new Error("still away"), drained(3)]);
  await isEmpty;
  await worker.stop(1_000);
  expect(seen.slice(0, 4)).toEqual(["failed", "failed", "drained", "empty"]);
});

test("a worker that is woken ends its pause", async () => {
  const startedAt = performance.now();
  const { worker, seen, isEmpty } = startScripted([new Error("away")], 0); // it pauses for two seconds
  while (!seen.includes("released")) await new Promise((resolve) => setImmediate(resolve));
  worker.wake();
  await isEmpty;
  expect(performance.now() - startedAt).toBeLessThan(YIELD_PAUSE_MS);
  await worker.stop(1_000);
});

test("a worker that goes on failing releases its lease, and pauses until every other drainer has asked for it", async () => {
  const startedAt = performance.now();
  const { worker, seen, isEmpty } = startScripted([new Error("away"), { state: "held_elsewhere" }], 0);
  await isEmpty;
  expect(performance.now() - startedAt).toBeGreaterThan(YIELD_PAUSE_MS);
  await worker.stop(1_000);
  expect(seen.slice(0, 4)).toEqual(["failed", "released", "held_elsewhere", "empty"]);
});

test("a worker that fails briefly keeps its lease", async () => {
  const { worker, seen, isEmpty } = startScripted([new Error("away"), drained(1)]);
  await isEmpty;
  await worker.stop(1_000);
  expect(seen).not.toContain("released");
});

test("a stopped worker empties the queue first", async () => {
  const script: Step[] = [];
  const { worker, seen, isEmpty } = startScripted(script);
  await isEmpty;
  script.push(drained(3), drained(2), drained(1));
  await worker.stop(1_000);
  expect(seen.filter((state) => state === "drained")).toHaveLength(3);
  expect(seen.at(-1)).toBe("empty");
});

test("a worker that is stopped while PostgreSQL is away ends, and its events stay queued", async () => {
  const { worker, seen, isEmpty } = startScripted([]);
  await isEmpty;
  const failing = startScripted([new Error("away"), new Error("away"), new Error("away")]);
  await failing.worker.stop(60_000);
  await worker.stop(1_000);
  expect(failing.seen.filter((state) => state === "failed").length).toBeLessThanOrEqual(2);
  expect(seen.at(-1)).toBe("empty");
});

test("the last drain ends at its deadline", async () => {
  const { worker, seen } = startScripted([]);
  await worker.stop(0);
  expect(seen.length).toBeLessThanOrEqual(1);
});
