import { Problem } from "shared/api/problems";
import { createLog } from "shared/log/log";
import { createTopology } from "shared/model/regions";
import { openDatabases } from "shared/postgres/databases";
import { awaitStores, connectStores } from "shared/stores/stores";
import { openFences } from "testing/open-fences";
import { scratchPostgres, scratchRedis } from "testing/scratch";
import { until } from "testing/until";
import { flushAll } from "testing/whole-store";
import { retryBriefly } from "../../../drainer/src/command/retry-briefly.ts";
import { createQueueDrains } from "../../../drainer/src/drain/queue-drains.ts";
import { createGuard } from "../../../drainer/src/guard/guard.ts";
import { createRestorer } from "../../../drainer/src/guard/restorer.ts";
import { unshared } from "../../../drainer/src/leases/lease.ts";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import type { Drift } from "../../../drainer/src/reconcile/reconcile.ts";
import type { Sides } from "../../../drainer/src/subjects/sides.ts";
import { entrySweeps, homeSweeps } from "../../../drainer/src/subjects/subjects.ts";
import { HEADER, toLines } from "../../../drainer/src/transfer/board-file.ts";
import { exportBoard } from "../../../drainer/src/transfer/export-board.ts";
import type { Format } from "../../../drainer/src/transfer/file-board.ts";
import { createBoards } from "../../../ranker/src/boards/boards.ts";
import { configuredDefinitions } from "../../../ranker/src/definitions/definitions.ts";
import { createFenceWatch, type FenceWatch } from "../../../ranker/src/writes/fence-watch.ts";
import { createSubmit, type Submit } from "../../../ranker/src/writes/submit.ts";

/**
 * A ranker's writes and a drainer's work over a real Redis and a real PostgreSQL, in this process.
 */
export interface BothStores {
  sides: Sides;
  redisServer: Awaited<ReturnType<typeof scratchRedis>>;
  postgresUrl: string;
  fences: FenceWatch;
  submit: Submit;
  /**
   * Sets a player's score on main, once more while a store is away. The region follows from the
   * id's number.
   */
  set(userId: string, score: number): Promise<void>;
  regionOf(userId: string): string;
  /** Drains one batch of every queue. @returns whether any queue held events */
  drainOnce(): Promise<boolean>;
  drain(): Promise<void>;
  sweep(isFixing: boolean): Promise<Drift[]>;
  /** Empties both stores, which stay open. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param options.isGuarded whether Redis is checked and restored as by a drainer; otherwise it is
 *   always open
 */
export async function startBothStores(regions = ["EU", "NA"], { isGuarded = false } = {}): Promise<BothStores> {
  const [redisServer, postgresServer] = await Promise.all([scratchRedis(), scratchPostgres(["board"])]);
  const url = postgresServer.url("board");
  await migrate(url);
  const urls = (each: string) => new Map(regions.map((region) => [region, each]));
  const topology = createTopology(regions, 1, ["main", "weekly"]);
  const log = createLog("test", "silent");
  const stores = connectStores({ homeUrl: redisServer.url, urlsByRegion: urls(redisServer.url), name: "test", log });
  await awaitStores(stores, topology, { isProduction: false, log });
  if (!isGuarded) await openFences(stores.home, topology);
  const databases = openDatabases(url, urls(url));
  const sides = { topology, stores, databases };
  const boards = createBoards(topology, stores.of, configuredDefinitions(topology));
  const fences = createFenceWatch({ log });
  const submit = createSubmit({
    topology,
    definitions: configuredDefinitions(topology),
    redisOf: stores.of,
    fences,
    boards,
    queueMax: 1_000_000,
  });
  const ended = new AbortController();
  const restorer = createRestorer(sides, { log, signal: ended.signal });
  const queues = createQueueDrains({
    sides,
    regions,
    hasAccounts: true,
    batchMax: 200,
    toLease: () => unshared,
    toGuard: (place, lease) => (isGuarded ? createGuard({ ...place, lease, restorer, log }) : undefined),
  });
  const regionOf = (userId: string) => regions[Number(/\d+$/.exec(userId)?.[0] ?? 0) % regions.length] ?? "";
  const drainOnce = async () => {
    const steps = await Promise.all(queues.map(({ drain }) => retryBriefly(drain)));
    return steps.some(({ state }) => state === "drained");
  };
  return {
    sides,
    redisServer,
    postgresUrl: url,
    fences,
    submit,
    regionOf,
    drainOnce,
    async set(userId, value) {
      const identity = { userId, name: `Name of ${userId}`, region: regionOf(userId) };
      // A busy machine may keep Redis from answering in time; a set may be sent twice.
      const isAway = (error: unknown) =>
        error instanceof Problem && ["unavailable", "outcome_unknown"].includes(error.code);
      await until(async () => {
        try {
          await submit(identity, { operation: "set", board: "main", value });
          return true;
        } catch (error) {
          if (isAway(error)) return false;
          throw error;
        }
      });
    },
    async drain() {
      while (await drainOnce());
    },
    async sweep(isFixing) {
      const found: Drift[] = [];
      const options = { isFixing, onDrift: (drift: Drift) => found.push(drift) };
      for (const each of [...entrySweeps(sides, topology.shards), ...homeSweeps(sides)]) await each(options);
      return found;
    },
    async clear() {
      await flushAll(stores.home);
      await databases.home.run(
        (sql) => sql`TRUNCATE leaderboard, accounts, erasures, visibility, settings, deleted_boards,
            season_ends, ended_seasons, archived, seasons, outbox`,
      );
    },
    async close() {
      ended.abort();
      stores.close();
      await databases.close();
      await Promise.all([redisServer.dispose(), postgresServer.dispose()]);
    },
  };
}

/** @returns the file that an export of a board writes */
export async function exportText({ sides }: BothStores, format: Format = "csv", board = "main"): Promise<string> {
  let text = HEADER[format];
  const options = { board, regions: sides.topology.regions, waitMs: 5_000 };
  for await (const page of exportBoard(sides, options)) text += toLines(format, page);
  return text;
}
