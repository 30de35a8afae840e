import { expect, test } from "bun:test";
import type { Entry } from "shared/api/entries";
import type { ShardEntry } from "../shard-entry.ts";
import {
  CACHED_ENTRIES_MAX,
  type CachedList,
  type CachedShardTop,
  createTopCache,
  type ShardTop,
} from "./top-cache.ts";

const NAMES = ["a", "b", "c"];

const topOf = (entries: number): ShardTop => ({ total: 0, entries: Array<ShardEntry>(entries) });
const shardTop = (clock: string, entries: number): CachedShardTop => ({
  kind: "shard",
  clock,
  top: topOf(entries),
  limit: entries,
  asked: entries,
});
const listOf = (parts: readonly ShardTop[], entries: number): CachedList => ({
  kind: "list",
  parts,
  entries: Array<Entry>(entries),
  places: [],
  edition: 1,
});

/** A cache on a clock that stands still until it is set. */
function build() {
  const clock = { nowMs: 1 };
  const cache = createTopCache(() => clock.nowMs);
  const clocks = () =>
    NAMES.map((name) => {
      const cached = cache.get(name);
      return cached?.kind === "shard" ? cached.clock : undefined;
    });
  return { clock, cache, clocks };
}

test("a top is served for a second from the moment before it was read, however often it is asked for", () => {
  const { clock, cache } = build();
  clock.nowMs = 300;
  cache.set("a", shardTop("A", 1), { start: 100 });
  for (const nowMs of [300, 1_000, 1_100]) {
    clock.nowMs = nowMs;
    expect(cache.get("a")).toMatchObject({ clock: "A" });
  }
  clock.nowMs = 1_101;
  expect(cache.get("a")).toBeUndefined();
});

test("the cache holds a bounded number of entries, and drops the least recently used top", () => {
  const { cache, clocks } = build();
  const half = CACHED_ENTRIES_MAX / 2 - 1;
  for (const name of ["a", "b"]) cache.set(name, shardTop(name, half));
  cache.get("a");
  cache.set("c", shardTop("c", 0));
  expect(clocks()).toEqual(["a", undefined, "c"]);
  cache.set("a", shardTop("again", half));
  cache.set("b", shardTop("b", half - 1));
  expect(clocks()).toEqual(["again", "b", "c"]);
  cache.set("b", shardTop("alone", CACHED_ENTRIES_MAX - 1));
  expect(clocks()).toEqual([undefined, "alone", undefined]);
  cache.set("c", shardTop("too many", CACHED_ENTRIES_MAX));
  expect(cache.get("c")).toBeUndefined();
});

test("tops without entries are bounded, too", () => {
  const { cache } = build();
  for (let i = 0; i <= CACHED_ENTRIES_MAX; i++) cache.set(String(i), shardTop("", 0));
  expect([cache.has("0"), cache.has("1")]).toEqual([false, true]);
});

test("a view's list counts with the tops of every shard that it was merged from", () => {
  const { cache } = build();
  const [shards, limit, names] = [16, 1_000, 32];
  const parts = Array.from({ length: shards }, () => topOf(limit));
  for (let name = 0; name < names; name++) cache.set(String(name), listOf(parts, limit));
  expect(cache.size).toBe(Math.floor(CACHED_ENTRIES_MAX / ((shards + 1) * limit + 1)));
});
