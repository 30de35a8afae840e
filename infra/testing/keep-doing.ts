/** Work that goes on beside a test. */

/**
 * Repeats `work` in `lanes` at once until `stop`, which waits for the runs under way and throws
 * their errors.
 */
export function keepDoing(work: () => Promise<unknown>, lanes = 1): AsyncDisposable & { stop(): Promise<void> } {
  let isStopped = false;
  const lane = async () => {
    while (!isStopped) await work();
  };
  const running = Promise.all(Array.from({ length: lanes }, lane));
  running.catch(() => {}); // thrown by stop
  const stop = async () => {
    isStopped = true;
    await running;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}
