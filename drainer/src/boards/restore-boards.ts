import { type BoardRevision, putBoards } from "shared/boards/put-boards";
import { configuredBoard } from "shared/model/board";
import type { Shard } from "shared/model/regions";
import { parseRankingName } from "shared/seasons/ranking-name";
import { createInFlight } from "../command/in-flight.ts";
import { retryBriefly } from "../command/retry-briefly.ts";
import { SCRIPTS_IN_FLIGHT, slices } from "../restore/put-entries.ts";
import { withSeasons } from "../seasons/restored-seasons.ts";
import type { Sides } from "../subjects/sides.ts";
import { readBoardIds } from "./read-board-ids.ts";
import { readRevisions } from "./read-revisions.ts";

/**
 * Tells these shards which boards may have entries there: those that operators made, in their
 * revisions, with their seasons, and those that have rows. Without this an erasure, or a change of
 * visibility, would miss entries that come back, and a ranker could write by an older definition.
 * Only a higher revision replaces another.
 *
 * @throws what Redis or PostgreSQL throw
 */
export async function restoreBoards(sides: Sides, shards: readonly Shard[]): Promise<void> {
  const { stores, databases } = sides;
  await using scripts = createInFlight(SCRIPTS_IN_FLIGHT);

  async function put(boards: readonly BoardRevision[], onto: readonly Shard[]): Promise<void> {
    for (const part of slices(boards)) {
      const onShard = await withSeasons(sides, part);
      for (const shard of onto) {
        const told = await onShard(shard);
        await scripts.start(async () => {
          await retryBriefly(() => putBoards(stores.of(shard.region), shard, told));
        });
      }
    }
  }

  for await (const page of readRevisions(sides)) await put(page, shards);
  for (const [region, ofRegion] of Map.groupBy(shards, (shard) => shard.region)) {
    for await (const ids of readBoardIds(databases.of(region))) {
      // Of a season the definition is known by now.
      const boards = ids.filter((id) => parseRankingName(id)?.season === 0);
      await put(boards.map(configuredBoard), ofRegion);
    }
  }
  await scripts.finish();
}
