import type { Shard } from "shared/model/regions";
import { SETTING_KINDS } from "shared/model/settings";
import { type ReconcileCounts, type ReconcileOptions, reconcile } from "../reconcile/reconcile.ts";
import { createSettingSubject } from "../settings/setting-subject.ts";
import { createAccountSubject } from "./account-subject.ts";
import { doubleSweep } from "./double-entries.ts";
import { createEntrySubject } from "./entry-subject.ts";
import type { Sides } from "./sides.ts";
import { createVisibilitySubject } from "./visibility-subject.ts";

/** Compares one part of Redis with PostgreSQL. */
export type Sweep = (options: ReconcileOptions) => Promise<ReconcileCounts>;

/**
 * One sweep for each board and region of these shards. Before them come the sweeps over hidden
 * players and over players in two regions, which decide where entries belong.
 */
export function entrySweeps({ topology, stores, databases }: Sides, shards: readonly Shard[]): Sweep[] {
  const byRegion = Map.groupBy(shards, (shard) => shard.region);
  return [...byRegion].flatMap(([region, ofRegion]) => {
    const part = { topology, stores, databases, region, shards: ofRegion };
    const visibility = createVisibilitySubject(part);
    return [
      (options: ReconcileOptions) => reconcile(visibility, options),
      doubleSweep(part, ofRegion),
      ...topology.configuredBoards.map((board): Sweep => {
        const subject = createEntrySubject({ ...part, board });
        return (options) => reconcile(subject, options);
      }),
    ];
  });
}

/** Sweeps over the accounts, and over what operators set. */
export function homeSweeps({ stores, databases }: Sides): Sweep[] {
  const accounts = createAccountSubject(stores.home, databases.home);
  return [
    (options) => reconcile(accounts, options),
    ...SETTING_KINDS.map((kind): Sweep => {
      const subject = createSettingSubject(stores.home, databases.home, kind);
      return (options) => reconcile(subject, options);
    }),
  ];
}
