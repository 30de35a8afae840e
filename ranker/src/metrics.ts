import { Counter, Gauge, type Registry } from "prom-client";
import type { ConfirmedBy } from "./accounts/confirm-account.ts";
import type { Passwords } from "./accounts/passwords.ts";

export interface RankerMetrics {
  onReplay(): void;
  onConfirm(by: ConfirmedBy): void;
  onLostWrites(shard: string, writes: number): void;
}

/** What the ranker counts besides its requests. */
export function measureRanker(
  registry: Registry,
  { queueMax, passwords }: { queueMax: number; passwords: Pick<Passwords, "waiting"> },
): RankerMetrics {
  const registers = [registry];
  const replays = new Counter({
    name: "ranker_idempotent_replays_total",
    help: "Writes answered with what was kept for their Idempotency-Key.",
    registers,
  });
  const confirmations = new Counter({
    name: "ranker_account_checks_total",
    help: "Writes whose player's account was checked: from memory, in the store, or by the token alone.",
    labelNames: ["by"] as const,
    registers,
  });
  const lost = new Counter({
    name: "ranker_lost_writes_total",
    help: "Writes that this ranker acknowledged, and that neither Redis nor PostgreSQL has after Redis lost data.",
    labelNames: ["shard"] as const,
    registers,
  });
  new Gauge({
    name: "ranker_password_hashes_waiting",
    help: "Registrations and logins that wait for their turn to hash a password.",
    registers,
    collect() {
      this.set(passwords.waiting);
    },
  });
  new Gauge({
    name: "ranker_queue_events_max",
    help: "QUEUE_MAX: at so many events in a queue its writers are answered 429.",
    registers,
  }).set(queueMax);
  return {
    onReplay: () => replays.inc(),
    onConfirm: (by) => confirmations.inc({ by }),
    onLostWrites: (shard, writes) => lost.inc({ shard }, writes),
  };
}
