/** Promises that are under way, up to a bound. */
export interface InFlight {
  /** Waits for room, then starts. @throws what an earlier task threw */
  start(task: () => Promise<void>): Promise<void>;
  /** Waits for all. @throws what a task threw */
  finish(): Promise<void>;
}

export function createInFlight(max: number): InFlight {
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  const check = () => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    async start(task) {
      while (running.size >= max) await Promise.race(running);
      check();
      const settled: Promise<void> = task()
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => running.delete(settled));
      running.add(settled);
    },
    async finish() {
      await Promise.all(running);
      check();
    },
  };
}

/** The same pages, each read while the one before it is worked on. */
export async function* readAhead<T>(pages: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = pages.next();
  next.catch(() => {}); // thrown where it is awaited
  for (;;) {
    const { value, done } = await next;
    if (done) return;
    next = pages.next();
    next.catch(() => {});
    yield value;
  }
}
