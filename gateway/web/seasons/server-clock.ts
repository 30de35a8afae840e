/**
 * The server's time, measured by the header `Date` of its answers: the visitor's clock may be
 * wrong.
 */
export interface ServerClock {
  /**
   * Takes the `Date` (ms) of an answer, and when the request left and its answer came, in ticks.
   */
  note(dateMs: number, sentAt: number, receivedAt: number): void;
  /** Milliseconds since the epoch; the visitor's own time before the first answer. */
  nowMs(): number;
  /** Milliseconds that only grow, also where the visitor's clock is set. */
  ticks(): number;
}

export interface Clocks {
  ticks: () => number;
  wallMs: () => number;
}

// The header names the second in which the answer was written.
const DATE_STEP_MS = 1_000;

const BROWSER: Clocks = { ticks: () => performance.now(), wallMs: () => Date.now() };

/**
 * Each answer bounds how far the server's time is ahead of the ticks: it was written between the
 * two moments, in the second of its `Date`. The bounds of all answers are narrower than those of
 * one. An answer that contradicts them, as behind a suspended browser, begins again.
 */
export function createServerClock({ ticks, wallMs }: Clocks = BROWSER): ServerClock {
  let bounds: { least: number; most: number } | undefined;
  return {
    ticks,
    note(dateMs, sentAt, receivedAt) {
      if (!Number.isFinite(dateMs)) return;
      const one = { least: dateMs - receivedAt, most: dateMs + DATE_STEP_MS - sentAt };
      const { least, most } = bounds ?? one;
      const both = { least: Math.max(least, one.least), most: Math.min(most, one.most) };
      bounds = both.least <= both.most ? both : one;
    },
    nowMs: () => (bounds === undefined ? wallMs() : ticks() + (bounds.least + bounds.most) / 2),
  };
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A `fetch` that sets the clock by each answer that no cache may have kept. */
export const fetchBy =
  (clock: ServerClock, fetch: Fetch): Fetch =>
  async (url, init) => {
    const sentAt = clock.ticks();
    const response = await fetch(url, init);
    const isOwn = response.headers.get("Cache-Control")?.includes("no-store") === true;
    if (isOwn) clock.note(Date.parse(response.headers.get("Date") ?? ""), sentAt, clock.ticks());
    return response;
  };
