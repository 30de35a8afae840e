/**
 * Tasks that run at once, up to a bound. Its end waits for the tasks under way, also where an error
 * or a signal ends the work: the caller closes the stores afterwards.
 */
export interface InFlight extends AsyncDisposable {
  /**
   * Waits until fewer tasks than the bound run, then starts one.
   *
   * @throws the first error of a task
   */
  start(task: () => Promise<void>): Promise<void>;
  /** Waits for all tasks. @throws the first error of a task */
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
    async [Symbol.asyncDispose]() {
      await Promise.all(running);
    },
  };
}

/** Yields the pages in order, and reads the next one during the work on each. */
export async function* readAhead<T>(pages: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = pages.next();
  next.catch(() => {}); // the error is thrown by the await
  for (;;) {
    const { value, done } = await next;
    if (done) return;
    next = pages.next();
    next.catch(() => {});
    yield value;
  }
}
