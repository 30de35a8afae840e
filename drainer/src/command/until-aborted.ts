/**
 * Yields the chunks of a stream until `signal` aborts, also while it waits for a chunk that may
 * never come, as from a terminal. Cancels the stream at its end: an open one would keep the
 * process.
 *
 * @throws the reason of `signal`
 */
export async function* untilAborted<T>(chunks: ReadableStream<T>, signal: AbortSignal): AsyncGenerator<T> {
  const reader = chunks.getReader();
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await beforeAbort(reader.read(), signal);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await reader.cancel();
  }
}

/**
 * Waits for `work` until `signal` aborts.
 *
 * @throws the reason of `signal`; what `work` throws
 */
export async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
