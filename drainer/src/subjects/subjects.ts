import type { Shard } from "shared/model/regions";
import { SETTING_KINDS } from "shared/model/settings";
import { boardsToCompare } from "../boards/boards-to-compare.ts";
import { restoreBoards } from "../boards/restore-boards.ts";
import { type ReconcileCounts, type ReconcileOptions, reconcile } from "../reconcile/reconcile.ts";
import { createSettingSubject } from "../settings/setting-subject.ts";
import { createAccountSubject } from "./account-subject.ts";
import { doubleSweep } from "./double-entries.ts";
import { createEntrySubject } from "./entry-subject.ts";
import type { Sides } from "./sides.ts";
import { createVisibilitySubject } from "./visibility-subject.ts";

/** Shards of one region. */
interface Part extends Sides {
  region: string;
  shards: readonly Shard[];
}

/** Compares one part of Redis with PostgreSQL. */
export type Sweep = (options: ReconcileOptions) => Promise<ReconcileCounts>;

/**
 * For each region of these shards a sweep over the entries on all boards. Before it come the sweeps
 * over hidden players and over players in two regions, which decide where entries belong.
 */
export function entrySweeps(sides: Sides, shards: readonly Shard[]): Sweep[] {
  const byRegion = Map.groupBy(shards, (shard) => shard.region);
  return [...byRegion].flatMap(([region, ofRegion]) => {
    const part: Part = { ...sides, region, shards: ofRegion };
    const visibility = createVisibilitySubject(part);
    return [
      (options: ReconcileOptions) => reconcile(visibility, options),
      doubleSweep(part, ofRegion),
      boardsSweep(part),
    ];
  });
}

/**
 * Compares the boards of a region one after another, while they come to be. With `isFixing` each
 * shard first learns its boards: a repaired entry of a board that the shard does not know would be
 * missed by an erasure.
 */
const boardsSweep =
  (part: Part): Sweep =>
  async (options) => {
    const { region, shards } = part;
    const counts: ReconcileCounts = { compared: 0, moving: 0 };
    if (options.isFixing) await restoreBoards(part, shards);
    for await (const board of boardsToCompare(part, region, shards)) {
      const { compared, moving } = await reconcile(createEntrySubject({ ...part, board }), {
        ...options,
        onPage: (page, busyMs) => options.onPage?.(add(counts, page), busyMs),
      });
      counts.compared += compared;
      counts.moving += moving;
    }
    return counts;
  };

const add = (a: ReconcileCounts, b: ReconcileCounts): ReconcileCounts => ({
  compared: a.compared + b.compared,
  moving: a.moving + b.moving,
});

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
