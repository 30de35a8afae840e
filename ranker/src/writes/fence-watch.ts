import { setTimeout as delay } from "node:timers/promises";
import type { Log } from "shared/log/log";
import { fenceKey } from "shared/redis/keys";
import { type Redis, runAt } from "shared/redis/redis";
import { type FencedStore, isOpen, putFence, readFence } from "shared/stores/fenced-store";
import { createRecentWrites } from "./recent-writes.ts";

/**
 * Remembers the state of the shards that this ranker writes, and of the accounts, by tag. A
 * restarted store is closed until a drainer has compared it with PostgreSQL. Where no drainer does
 * so within five seconds, because PostgreSQL is away, this ranker opens the store itself if it is
 * as this ranker last saw it. A ranker that has seen later versions closes the store as lost at
 * once, so that no other ranker opens it.
 */
export interface FenceWatch {
  /** Takes the versions of acknowledged writes. */
  onWritten(redis: Redis, tag: string, versions: readonly number[]): void;
  /** Takes notice of a write that the fence refused. */
  onClosed(redis: Redis, tag: string): void;
}

export interface FenceWatchOptions {
  log: Log;
  /** Called with the number of acknowledged writes that Redis lost and PostgreSQL never had. */
  onLost?: (tag: string, writes: number) => void;
  /** Milliseconds that a drainer has to open a store. */
  patienceMs?: number;
}

// A dead drainer holds its queue for 2 s, and a drainer that could not reach a store retries every
// 2 s.
const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 100;
// A restore takes seconds or minutes; the ranker polls until the store is open.
const LOOK_LATER_EVERY_MS = 500;
// One command a second and shard.
const LOOK_AT_ALL_EVERY_MS = 1_000;

interface Memory {
  redis: Redis;
  /** The run of the server that the last write was acknowledged on. */
  run: string | undefined;
  /** The text of the fence that the writes were behind; empty until it was read. */
  text: string;
  /** The highest version of an acknowledged write, in microseconds. */
  seen: number;
}

export function createFenceWatch({ log, onLost, patienceMs = PATIENCE_MS }: FenceWatchOptions): FenceWatch {
  const memories = new Map<string, Memory>();
  const recent = createRecentWrites();
  const watched = new Set<string>();
  let isLooking = false;

  /** Remembers the new fence of a store, and counts the writes that were lost before it. */
  function learn(tag: string, memory: Memory, { text, fence }: FencedStore): void {
    if (memory.text === text || fence === undefined) return;
    memory.text = text;
    const lost = recent.count(tag, { above: fence.keptVersion, upTo: fence.from });
    if (lost.writes === 0) return;
    const since = new Date(fence.keptVersion / 1000).toISOString();
    log.error({ shard: tag, ...lost, since }, "acknowledged writes are lost: neither redis nor postgres has them");
    onLost?.(tag, lost.writes);
  }

  /** Reads the fence: a store may lose data and be restored between two writes of this ranker. */
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

  /** Waits for a drainer to open the store. Opens a store itself that is as this ranker left it. */
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

  /** Closes a store that lacks versions which this ranker has seen, until a drainer restores it. */
  async function close(redis: Redis, tag: string, store: FencedStore): Promise<void> {
    const { fence, clock = 0 } = store;
    if (fence === undefined) return;
    const isClosed = await putFence(redis, tag, store, { origin: fence.origin, keptVersion: clock }, { raises: false });
    if (isClosed) log.error({ shard: tag }, "redis lost data that this ranker has seen: closed until it is restored");
  }

  async function open(redis: Redis, tag: string, store: FencedStore): Promise<void> {
    const { fence, clock, run } = store;
    if (fence === undefined || clock === undefined || run === undefined) return;
    const isOpened = await putFence(
      redis,
      tag,
      store,
      { origin: fence.origin, keptVersion: clock, run },
      { raises: false },
    );
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

/** Whether a store has the fence that this ranker knows, and lacks versions that it has seen. */
const hasLost = ({ text, clock = 0 }: FencedStore, memory: Memory | undefined): boolean =>
  memory !== undefined && memory.text !== "" && memory.text === text && clock < memory.seen;

/** Whether a store on another run of the server holds all that this ranker has written. */
const isAsLeft = ({ text, fence, clock = 0 }: FencedStore, memory: Memory | undefined): boolean =>
  memory !== undefined && fence?.run !== undefined && memory.text === text && clock >= memory.seen;
