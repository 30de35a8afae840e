import { shardOf } from "shared/model/regions";
import { onEveryBoard } from "../boards/on-every-board.ts";
import { placeHidden } from "../boards/place-hidden.ts";
import { readAhead } from "../command/in-flight.ts";
import { retryBriefly } from "../command/retry-briefly.ts";
import { readVisibility } from "../rows/read-visibility.ts";
import { isSoundVisibility } from "../rows/sound-rows.ts";
import { slices } from "./put-entries.ts";
import { putVisibility } from "./put-visibility.ts";
import type { RestoredRegion } from "./restore-erasures.ts";

/**
 * Puts back who is hidden in a region, and moves the entries that are there. Entries that are put
 * back or written after this go by the visibility themselves, so that the order does not matter.
 */
export async function restoreVisibility(restored: RestoredRegion): Promise<void> {
  const { region, topology, stores, database, isIncluded, onPage } = restored;
  const redis = stores.of(region);
  for await (const page of readAhead(readVisibility(database, region))) {
    const sound = page.filter(isSoundVisibility);
    for (const [shard, rows] of Map.groupBy(sound, ({ user_id }) => shardOf(topology, region, user_id))) {
      if (!isIncluded(shard)) continue;
      for (const part of slices(rows)) await retryBriefly(() => putVisibility(redis, shard, part));
      const players = rows.map(({ user_id }) => user_id);
      const { configuredBoards } = topology;
      await onEveryBoard({ redis, shard, configuredBoards, players }, (boards, some) =>
        placeHidden(redis, shard, boards, some),
      );
    }
    onPage();
  }
}
