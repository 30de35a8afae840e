/** @throws Error when the work takes longer */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const refuse = () => reject(new Error(`no answer within ${timeoutMs} ms`));
    // The event loop may run late. `setImmediate` lets an answer that has already arrived win over
    // the time-out.
    timer = setTimeout(() => setImmediate(refuse), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
