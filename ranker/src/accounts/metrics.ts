import { Counter, Gauge, type Registry } from "prom-client";
import { metricName } from "shared/service/metric-name";
import type { ConfirmedBy } from "./confirm-account.ts";
import type { Passwords } from "./passwords/passwords.ts";

export interface AccountMetrics {
  onConfirm(by: ConfirmedBy): void;
}

export function measureAccounts(registry: Registry, passwords: Pick<Passwords, "waiting">): AccountMetrics {
  const registers = [registry];
  const confirmations = new Counter({
    name: metricName("ranker_account_checks_total"),
    help: "Writes whose player's account was checked: from memory, in the store, or by the token alone.",
    labelNames: ["by"] as const,
    registers,
  });
  new Gauge({
    name: metricName("ranker_password_hashes_waiting"),
    help: "Registrations and logins that wait for their turn to hash a password.",
    registers,
    collect() {
      this.set(passwords.waiting);
    },
  });
  return { onConfirm: (by) => confirmations.inc({ by }) };
}
