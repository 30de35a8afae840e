/** A signal that is aborted together with another one, and when its deadline passes. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Moves the deadline to so many milliseconds from now. */
  within(ms: number): void;
  /** No deadline for now. */
  pause(): void;
  /** Aborts whatever still goes on under the signal. */
  end(): void;
}

/** Written out, since `AbortSignal.any` is younger than the browsers in use. */
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
