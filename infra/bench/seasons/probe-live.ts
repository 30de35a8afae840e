import { percentile } from "../harness/statistics.ts";
import { RefusedRequest, type SeasonSite } from "./season-site.ts";

/** Reads and writes at a fixed rate, with the time that each took. */
export interface LiveProbe {
  /** The p99 (ms) of what was sent between two times of `performance.now()`. */
  p99(kind: "read" | "write", fromMs: number, toMs: number): number;
  /** Requests that were refused or failed, by the reason. */
  readonly failed: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

interface Sample {
  at: number;
  ms: number;
}

const EVERY_MS = 10;
const PLAYERS = 500;

/**
 * Sends a top and a write each 10 ms, whether or not earlier ones were answered.
 *
 * @param boards which are read and written in turn
 */
export function probeLive({ ask }: SeasonSite, boards: readonly string[]): LiveProbe {
  const samples = { read: [] as Sample[], write: [] as Sample[] };
  const underWay = new Set<Promise<void>>();
  let sent = 0;
  const failed = new Map<string, number>();

  async function time(kind: "read" | "write", send: () => Promise<unknown>): Promise<void> {
    const at = performance.now();
    try {
      await send();
      samples[kind].push({ at, ms: performance.now() - at });
    } catch (error) {
      const why = error instanceof RefusedRequest ? error.code : String(error);
      failed.set(why, (failed.get(why) ?? 0) + 1);
    }
  }
  function start(kind: "read" | "write", send: () => Promise<unknown>): void {
    const settled: Promise<void> = time(kind, send).finally(() => underWay.delete(settled));
    underWay.add(settled);
  }
  const timer = setInterval(() => {
    const n = sent++;
    const board = boards[n % boards.length];
    start("read", () => ask("GET", `/top?board=${board}&limit=10&region=EU`));
    const body = { board, region: "EU", name: "Probe", score: n };
    start("write", () => ask("POST", `/players/probe-${n % PLAYERS}/score`, body));
  }, EVERY_MS);

  return {
    p99(kind, fromMs, toMs) {
      const within = samples[kind].filter(({ at }) => at >= fromMs && at < toMs).map(({ ms }) => ms);
      return within.length === 0 ? Number.NaN : percentile(within, 99);
    },
    failed,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}
