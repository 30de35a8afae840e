import { type BoardRevision, putBoards } from "shared/boards/put-boards";
import { shardsOf } from "shared/model/regions";
import { boardsKey } from "shared/redis/keys";
import { parseRevision } from "../boards/read-revisions.ts";
import { scanHash } from "../command/scan-hash.ts";
import { slices } from "../restore/put-entries.ts";
import { isVanishing, type Move } from "./move-entries.ts";

const STEP = 250;

/**
 * Tells the new shards the boards of the old ones, before entries come there. Each learns them all,
 * in the highest revision: a ranker could otherwise write by an older one. A repetition changes
 * nothing.
 */
export async function copyBoards(move: Move): Promise<void> {
  const { redis, region, from, to, onPage } = move;
  const newest = new Map<string, BoardRevision>();
  for (const shard of from) {
    for await (const page of scanHash(redis, boardsKey(shard), STEP)) {
      for (const [id, kept] of page) {
        const found = parseRevision(id, kept);
        if (found !== undefined && isNewer(found, newest.get(id))) newest.set(id, found);
      }
    }
    await onPage();
  }
  const boards = [...newest.values()];
  for (const shard of shardsOf(region, to.partitions)) {
    for (const part of slices(boards)) await putBoards(redis, shard, part);
    await onPage();
  }
}

/** Of two shards with the same revision, the one with the later season is ahead. */
function isNewer(found: BoardRevision, other: BoardRevision | undefined): boolean {
  if (other === undefined || found.rev !== other.rev) return found.rev > (other?.rev ?? -1);
  return (found.plan?.first ?? 0) > (other.plan?.first ?? 0);
}

/** Removes the boards of the shards that the new topology does not have. */
export async function removeBoards(move: Move): Promise<void> {
  const vanishing = move.from.filter((shard) => isVanishing(move, shard));
  await Promise.all(vanishing.map((shard) => move.redis.unlink(boardsKey(shard))));
}
