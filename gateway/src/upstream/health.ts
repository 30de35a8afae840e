import type { Log } from "shared/log/log";
import { applyProbe, type Pool, type ProbeResult, type Upstream } from "./upstreams.ts";

const PROBE_INTERVAL_MS = 250;
const PROBE_TIMEOUT_MS = 500;
// A name that does not exist yet is looked up less often, to spare the name servers.
const NO_NAME_REST_MS = 2_000;

export interface HealthChecks {
  /** Resolves when every upstream has been probed once. */
  readonly firstRound: Promise<void>;
  stop(): void;
}

/**
 * Probes `GET /ready` of every upstream for as long as the gateway runs, and keeps the states in
 * the pool. An upstream whose name does not exist is probed less often.
 */
export function startHealthChecks(pool: Pool, log: Log, intervalMs = PROBE_INTERVAL_MS): HealthChecks {
  const busy = new Set<Upstream>();
  const restsUntilMs = new Map<Upstream, number>();

  async function check(upstream: Upstream): Promise<void> {
    if (busy.has(upstream)) return; // the last probe still waits for its answer
    if (performance.now() < (restsUntilMs.get(upstream) ?? 0)) return;
    busy.add(upstream);
    const { downs, isUp: wasUp } = upstream;
    const result = await probe(upstream, () => restsUntilMs.set(upstream, performance.now() + NO_NAME_REST_MS));
    applyProbe(upstream, result, downs);
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

async function probe({ origin }: Upstream, onNoName: () => void): Promise<ProbeResult> {
  try {
    const response = await fetch(`${origin}/ready`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.ok ? "ready" : "not_ready";
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === "ENOTFOUND") onNoName();
    return "no_answer";
  }
}
