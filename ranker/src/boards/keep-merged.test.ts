import { expect, test } from "bun:test";
import { createKeepMerged } from "./keep-merged.ts";
import { KEPT_ENTRIES_MAX } from "./kept-tops.ts";

interface List {
  entries: readonly number[];
}
const listOf = (length: number): List => ({ entries: Array.from({ length }, (_, i) => i) });

test("the same parts are merged once, other ones anew", () => {
  const keep = createKeepMerged<List, List>();
  const [a, b] = [listOf(1), listOf(1)];
  let merges = 0;
  const mergesAfter = (parts: List[]) => {
    keep("x", parts, () => {
      merges++;
      return listOf(2);
    });
    return merges;
  };
  expect([[a, b], [a, b], [b, a], [a], [a, listOf(1)]].map(mergesAfter)).toEqual([1, 1, 2, 3, 4]);
});

test("what is kept of tops of many lengths is bounded by their entries, those of every shard among them", () => {
  const [shards, limit, names] = [16, 1_000, 32];
  let now = 0;
  const keep = createKeepMerged<List, List>(() => now);
  const parts = Array.from({ length: names }, () => Array.from({ length: shards }, () => listOf(limit)));
  const first = parts.map((of, name) => keep(String(name), of, () => listOf(limit)));
  // From the newest on: to look for one that is not kept any more makes others go, which are older than it.
  const isKept = (name: number) => keep(String(name), parts[name] ?? [], () => listOf(limit)) === first[name];
  let kept = 0;
  while (isKept(names - 1 - kept)) kept++;
  expect(kept).toBe(Math.floor(KEPT_ENTRIES_MAX / ((shards + 1) * limit)));
  const isLastStillKept = (nowMs: number) => {
    now = nowMs;
    return isKept(names - kept);
  };
  expect([1_000, 1_001].map(isLastStillKept)).toEqual([true, false]);
});
