import type { ProblemCode } from "shared/api/problems";
import { createFeed, type Feed, type FeedOptions } from "./feed.ts";

/** One thing that viewers watch, read once for all of them, and only while there are any. */
export interface Topic {
  /**
   * Resolves with the feed of a size, once it has a state. The feed is held until it is given back.
   *
   * @throws Problem of the read
   */
  hold(
    size: number,
    holder: TopicHolder,
  ): Promise<{ feed: Pick<Feed<never>, "begin" | "after">; giveBack: () => void }>;
}

/** Who watches a topic. */
export interface TopicHolder {
  /** Called when the feed has something new. */
  wake(): void;
  /** Called when the thing is gone for good, after the feed has said so. */
  end(): void;
}

export interface TopicOptions<R, S> extends FeedOptions<S> {
  /** Reads as much as the largest size that is watched. */
  read: (size: number) => Promise<R>;
  /** The part of a reading that a viewer of this size sees. */
  toState: (reading: R, size: number) => S;
  /** From the start of one read to the start of the next. */
  intervalMs: number;
  /** The code of the problem that a read failed with. */
  codeOf: (error: unknown) => ProblemCode;
  onStale: (error: unknown) => void;
  /** Whether a read that failed with this code will never succeed again. */
  isGone: (code: ProblemCode) => boolean;
  /** Called when the last viewer has gone. */
  onIdle: () => void;
}

interface Watched<S> {
  feed: Feed<S>;
  holders: Set<TopicHolder>;
}

export function createTopic<R, S>(options: TopicOptions<R, S>): Topic {
  const { read, toState, intervalMs, codeOf, onStale, isGone, onIdle } = options;
  const bySize = new Map<number, Watched<S>>();
  let reading: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function readOnce(): Promise<void> {
    const size = Math.max(...bySize.keys());
    const result = await read(size);
    for (const [each, { feed, holders }] of bySize) {
      if (each <= size && feed.publish(toState(result, each))) for (const holder of holders) holder.wake();
    }
  }

  /** Shares one read at a time. */
  function refresh(): Promise<void> {
    reading ??= readOnce().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  /** @returns whether it is news */
  function markStale(code: ProblemCode): boolean {
    let isNews = false;
    for (const { feed, holders } of bySize.values()) {
      if (!feed.markStale(code)) continue;
      isNews = true;
      for (const holder of holders) holder.wake();
    }
    return isNews;
  }

  /** Each holder gives its feed back. */
  function end(): void {
    for (const { holders } of [...bySize.values()]) for (const holder of [...holders]) holder.end();
  }

  async function poll(): Promise<void> {
    const startedAt = performance.now();
    try {
      await refresh();
    } catch (error) {
      const code = codeOf(error);
      if (markStale(code) && !isGone(code)) onStale(error);
      if (isGone(code)) end();
    }
    schedule(intervalMs - (performance.now() - startedAt));
  }

  function schedule(delayMs: number): void {
    timer = bySize.size === 0 ? undefined : setTimeout(() => void poll(), Math.max(0, delayMs));
  }

  function giveBack(size: number, watched: Watched<S>, holder: TopicHolder): void {
    watched.holders.delete(holder);
    if (watched.holders.size > 0 || bySize.get(size) !== watched) return;
    bySize.delete(size);
    if (bySize.size > 0) return;
    clearTimeout(timer);
    timer = undefined;
    onIdle();
  }

  return {
    async hold(size, holder) {
      const watched = bySize.get(size) ?? { feed: createFeed(options), holders: new Set() };
      bySize.set(size, watched);
      watched.holders.add(holder);
      try {
        // A read that had begun before may have been for a smaller size.
        while (!watched.feed.hasState) await refresh();
      } catch (error) {
        giveBack(size, watched, holder);
        throw error;
      }
      if (timer === undefined) schedule(intervalMs);
      return { feed: watched.feed, giveBack: () => giveBack(size, watched, holder) };
    },
  };
}
