/** A signal that aborts with an outer signal, and when its deadline passes. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Sets the deadline to `ms` from now. */
  within(ms: number): void;
  /** Removes the deadline until the next `within`. */
  pause(): void;
  /** Aborts the signal, and what still runs under it. */
  end(): void;
}

/** Does by hand what `AbortSignal.any` does, which older browsers lack. */
export function createDeadline(outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = () => clearTimeout(timer);
  const forward = () => controller.abort(outer?.reason);
  if (outer?.aborted) forward();
  else outer?.addEventListener("abort", forward, { once: true });
  return {
    signal: controller.signal,
    within(ms) {
      pause();
      timer = setTimeout(() => controller.abort(), ms);
    },
    pause,
    end() {
      pause();
      outer?.removeEventListener("abort", forward);
      controller.abort();
    },
  };
}
