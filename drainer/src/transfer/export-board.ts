import { setTimeout as delay } from "node:timers/promises";
import type { Shard } from "shared/model/regions";
import { clockKey, queueKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { readAhead } from "../command/in-flight.ts";
import { toMoment } from "../reconcile/oldest-queued.ts";
import { type EntryRow, readBoardEntries } from "../rows/read-entries.ts";
import { isSoundEntry } from "../rows/sound-rows.ts";
import type { Sides } from "../subjects/subjects.ts";

export interface ExportOptions {
  board: string;
  regions: readonly string[];
  /** How long the drainer may take to write what was acknowledged before the export. */
  waitMs: number;
}

const PAGE_ROWS = 5_000;
const LOOK_EVERY_MS = 50;

/**
 * The entries of a board as it is shown, without hidden players, page by page: every one that was acknowledged before the
 * call, once each. Of what is written meanwhile, the old or the new. Read from PostgreSQL, where a page follows a key: a walk through a ranking would miss
 * whoever moves to where it has been.
 *
 * @throws Error when the queues do not get that far in time, and what Redis or PostgreSQL throw
 */
export async function* exportBoard(sides: Sides, options: ExportOptions): AsyncGenerator<EntryRow[]> {
  const { topology, stores, databases } = sides;
  const { board, regions, waitMs } = options;
  const shards = topology.shards.filter(({ region }) => regions.includes(region));
  const endsAt = performance.now() + waitMs;
  await Promise.all(shards.map((shard) => awaitDrained(stores.of(shard.region), shard, endsAt)));
  const readPart = (region: string) =>
    readBoardEntries(databases.of(region), { board, region, from: "visible_leaderboard" }, PAGE_ROWS);
  for (const region of regions) {
    for await (const page of readAhead(readPart(region))) {
      yield page.filter(isSoundEntry);
    }
  }
}

/** Waits until everything that a shard had acknowledged at the first look has left the queue. */
async function awaitDrained(redis: Redis, shard: Shard, endsAt: number): Promise<void> {
  const latest = Number((await redis.get(clockKey(shard))) ?? 0);
  for (;;) {
    const { oldestWaiting } = toMoment(await redis.lindex(queueKey(shard), -1), null, "0");
    if (oldestWaiting > latest) return;
    if (performance.now() > endsAt) {
      const waiting = await redis.llen(queueKey(shard));
      throw new Error(
        `${waiting} events of ${shard.tag} wait for PostgreSQL: is a drainer running? (bun run lb queue)`,
      );
    }
    await delay(LOOK_EVERY_MS);
  }
}
