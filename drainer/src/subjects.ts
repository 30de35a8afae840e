import type { Shard, Topology } from "shared/regions";
import type { Stores } from "shared/stores";
import { createAccountSubject } from "./account-subject.ts";
import type { Databases } from "./databases.ts";
import { createEntrySubject } from "./entry-subject.ts";
import { type ReconcileCounts, type ReconcileOptions, reconcile } from "./reconcile.ts";

export interface Sides {
  topology: Topology;
  stores: Stores;
  databases: Databases;
}

/** Compares one part of the deployment. */
export type Sweep = (options: ReconcileOptions) => Promise<ReconcileCounts>;

/** A sweep a board and region, over those of the region's shards that are given. */
export function entrySweeps({ topology, stores, databases }: Sides, shards: readonly Shard[]): Sweep[] {
  const byRegion = Map.groupBy(shards, (shard) => shard.region);
  return [...byRegion].flatMap(([region, ofRegion]) =>
    topology.boards.map((board): Sweep => {
      const subject = createEntrySubject({ topology, stores, databases, board, region, shards: ofRegion });
      return (options) => reconcile(subject, options);
    }),
  );
}

export function accountSweep({ stores, databases }: Sides): Sweep {
  const subject = createAccountSubject(stores.home, databases.home);
  return (options) => reconcile(subject, options);
}
