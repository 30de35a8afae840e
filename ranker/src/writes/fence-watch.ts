import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import { fenceKey } from "shared/redis/keys";
import { type Redis, runAt } from "shared/redis/redis";
import { type FencedStore, isOpen, putFence, readFence } from "shared/stores/fenced-store";
import { createRecentWrites } from "./recent-writes.ts";

/**
 * What this ranker has seen of the shards that it writes, and of the accounts, by tag. A store that was restarted is
 * closed until a drainer has compared it with PostgreSQL. Where none does that within five seconds, because PostgreSQL is
 * away, this ranker opens the store itself if it stands where the ranker last saw it. One that has seen more says so in
 * the store at once, so that no other ranker opens it.
 */
export interface FenceWatch {
  /** Tells of acknowledged writes. */
  onWritten(redis: Redis, tag: string, versions: readonly number[]): void;
  /** Tells of a write that the fence refused. */
  onClosed(redis: Redis, tag: string): void;
}

export interface FenceWatchOptions {
  log: Log;
  /** Told how many writes that this ranker acknowledged a store has lost, and PostgreSQL never had. */
  onLost?: (tag: string, writes: number) => void;
  /** Milliseconds that a drainer has to open a store. */
  patienceMs?: number;
}

// A drainer that died holds its queue for 2 s, and one that could not reach a store for a while looks every 2 s.
const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 100;
// A store that is restored takes seconds or minutes; it is looked at for as long as it is closed.
const LOOK_LATER_EVERY_MS = 500;
// One command a second and shard.
const LOOK_AT_ALL_EVERY_MS = 1_000;

interface Memory {
  redis: Redis;
  /** The run of the server that the last write was acknowledged on. */
  run: string | undefined;
  /** The fence that the writes were behind, as it stands in the store; empty until it was read. */
  text: string;
  /** The highest version that this ranker was told, in microseconds. */
  seen: number;
}

export function createFenceWatch({ log, onLost, patienceMs = PATIENCE_MS }: FenceWatchOptions): FenceWatch {
  const memories = new Map<string, Memory>();
  const recent = createRecentWrites();
  const watched = new Set<string>();
  let isLooking = false;

  /** Remembers the fence that writes are behind from now on, and counts what was lost before it was put up. */
  function learn(tag: string, memory: Memory, { text, fence }: FencedStore): void {
    if (memory.text === text || fence === undefined) return;
    memory.text = text;
    const lost = recent.count(tag, { above: fence.kept, upTo: fence.from });
    if (lost.writes === 0) return;
    const since = new Date(fence.kept / 1000).toISOString();
    log.error({ shard: tag, ...lost, since }, "acknowledged writes are lost: neither redis nor postgres has them");
    onLost?.(tag, lost.writes);
  }

  /** A store may lose data and be restored while nothing is written here. */
  async function look(tag: string, memory: Memory): Promise<void> {
    const store = await readFence(memory.redis, tag).catch(() => undefined);
    if (store === undefined) return;
    if (isOpen(store)) learn(tag, memory, store);
    else watch(memory.redis, tag);
  }

  function lookAtAll(): void {
    for (const [tag, memory] of memories) if (!watched.has(tag)) void look(tag, memory);
  }

  function startLooking(): void {
    if (isLooking) return;
    isLooking = true;
    setInterval(lookAtAll, LOOK_AT_ALL_EVERY_MS).unref();
  }

  function watch(redis: Redis, tag: string): void {
    if (watched.has(tag)) return;
    watched.add(tag);
    void awaitOpening(redis, tag)
      .catch((err: unknown) => log.warn({ shard: tag, err }, "a store could not be opened"))
      .finally(() => watched.delete(tag));
  }

  /** Waits until a drainer has opened the store, and opens it where none does in time and the store is as it was left. */
  async function awaitOpening(redis: Redis, tag: string): Promise<void> {
    const patientUntil = performance.now() + patienceMs;
    for (;;) {
      const store = await readFence(redis, tag).catch(() => undefined);
      const memory = memories.get(tag);
      if (store !== undefined && isOpen(store)) {
        if (memory !== undefined) learn(tag, memory, store);
        return;
      }
      if (store !== undefined && hasLost(store, memory)) await close(redis, tag, store);
      const isPatient = performance.now() < patientUntil;
      if (!isPatient && store !== undefined && isAsLeft(store, memory)) await open(redis, tag, store);
      await delay(isPatient ? LOOK_EVERY_MS : LOOK_LATER_EVERY_MS, undefined, { ref: false });
    }
  }

  /** Keeps every service from a store that lacks what this ranker has seen of it, until a drainer has restored it. */
  async function close(redis: Redis, tag: string, store: FencedStore): Promise<void> {
    const { fence, clock = 0 } = store;
    if (fence === undefined) return;
    const isClosed = await putFence(redis, tag, store, { origin: fence.origin, kept: clock }, { raises: false });
    if (isClosed) log.error({ shard: tag }, "redis lost data that this ranker has seen: closed until it is restored");
  }

  async function open(redis: Redis, tag: string, store: FencedStore): Promise<void> {
    const { fence, clock, run } = store;
    if (fence === undefined || clock === undefined || run === undefined) return;
    const isOpened = await putFence(redis, tag, store, { origin: fence.origin, kept: clock, run }, { raises: false });
    if (isOpened) log.warn({ shard: tag }, "redis was restarted and is as it was left: opened without postgres");
  }

  return {
    onWritten(redis, tag, versions) {
      const run = runAt(redis, fenceKey(tag));
      const memory = memories.get(tag) ?? { redis, run: undefined, text: "", seen: 0 };
      memories.set(tag, memory);
      for (const version of versions) {
        recent.add(tag, version);
        if (version > memory.seen) memory.seen = version;
      }
      startLooking();
      if (run === undefined || memory.run === run) return;
      memory.run = run;
      void look(tag, memory);
    },

    onClosed: watch,
  };
}

/** Whether a store is behind the fence that this ranker knows, and lacks versions that it was told. */
const hasLost = ({ text, clock = 0 }: FencedStore, memory: Memory | undefined): boolean =>
  memory !== undefined && memory.text !== "" && memory.text === text && clock < memory.seen;

/** Whether a store of another run is, by all that this ranker knows, the one that it wrote to. */
const isAsLeft = ({ text, fence, clock = 0 }: FencedStore, memory: Memory | undefined): boolean =>
  memory !== undefined && fence?.run !== undefined && memory.text === text && clock >= memory.seen;
