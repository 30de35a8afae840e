import type { Log } from "shared/log";
import { applyProbe, type Pool, type ProbeResult, type Upstream } from "./upstreams.ts";

const PROBE_INTERVAL_MS = 250;
const PROBE_TIMEOUT_MS = 500;

export interface HealthChecks {
  /** Resolves when every upstream has been probed once. */
  readonly firstRound: Promise<void>;
  stop(): void;
}

/** Asks every upstream's `GET /ready`, for as long as the gateway runs, and keeps the pool's states. */
export function startHealthChecks(pool: Pool, log: Log, intervalMs = PROBE_INTERVAL_MS): HealthChecks {
  const busy = new Set<Upstream>();

  async function check(upstream: Upstream): Promise<void> {
    if (busy.has(upstream)) return; // the last probe still waits for its answer
    busy.add(upstream);
    const { downs, isUp: wasUp } = upstream;
    applyProbe(upstream, await probe(upstream), downs);
    busy.delete(upstream);
    if (upstream.isUp !== wasUp) log.info({ upstream: upstream.address, up: upstream.isUp }, "upstream changed");
  }

  const checkAll = async () => void (await Promise.all(pool.upstreams.map(check)));
  const timer = setInterval(() => void checkAll(), intervalMs);
  return {
    firstRound: checkAll(),
    stop: () => clearInterval(timer),
  };
}

async function probe({ origin }: Upstream): Promise<ProbeResult> {
  try {
    const response = await fetch(`${origin}/ready`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.ok ? "ready" : "not_ready";
  } catch {
    return "no_answer";
  }
}
