import postgres from "postgres";
import { queueKey } from "shared/redis/keys";
import { loadDrainerConfig } from "../../../drainer/src/config.ts";
import { fold } from "../../../drainer/src/drain/fold.ts";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import { type Load, measureLoad } from "../harness/load.ts";
import { openBareUpsert } from "./bare-upsert.ts";
import { inBatches } from "./players.ts";
import { type Events, stageEvents } from "./queued-events.ts";
import { startBenchDrainer } from "./services.ts";
import { startBenchPostgres, startBenchRedis } from "./stores.ts";
import { SHARD } from "./topology.ts";

/**
 * A drainer with its stores, and a second database of the same PostgreSQL for bare upserts. When both sides have run the
 * same events, different rows are a fault of the later load.
 */
export interface DrainSite extends AsyncDisposable {
  readonly drainerPid: number;
  /** Makes events the queue, and times the drainer until the queue is empty. */
  drain(events: Events): Promise<Load>;
  /** Writes the rows of the same events, in batches as large as the drainer's, folded before the clock starts. */
  writeBare(events: Events): Promise<Load>;
}

const DRAINED = "drained";
const BARE = "bare";
const POLL_MS = 10;
// Without this bound the bench would wait forever for a drainer that has stopped.
const STALL_MS = 60_000;

export async function startDrainSite(dir: string): Promise<DrainSite> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startBenchRedis(dir));
  const server = stack.use(await startBenchPostgres(dir, [DRAINED, BARE]));
  for (const name of [DRAINED, BARE]) await migrate(server.url(name));
  const env = { REDIS_URL: redis.url, POSTGRES_URL: server.url(DRAINED) };
  const { batchMax } = loadDrainerConfig(env);
  const drainer = stack.use(await startBenchDrainer(dir, env));
  const bare = stack.use(openBareUpsert(server.url(BARE)));

  async function untilEmpty(): Promise<void> {
    for (let last = Number.POSITIVE_INFINITY, movedAt = performance.now(); ; await Bun.sleep(POLL_MS)) {
      const left = Number(await redis.admin.send("LLEN", [queueKey(SHARD)]));
      if (left === 0) return;
      if (left < last) [last, movedAt] = [left, performance.now()];
      if (performance.now() - movedAt > STALL_MS) throw new Error(`the drainer stopped before ${left} events`);
    }
  }

  async function query(database: string, statement: string): Promise<string> {
    const sql = postgres(server.url(database), { max: 1 });
    try {
      return JSON.stringify(await sql.unsafe(statement));
    } finally {
      await sql.end();
    }
  }

  /** Leaves a table without rows, and no writes of earlier rows for a checkpoint to flush. */
  async function clear(database: string): Promise<void> {
    await query(database, "TRUNCATE leaderboard");
    await query(database, "CHECKPOINT");
  }

  const sumOf = (database: string) =>
    query(database, "SELECT count(*), sum(score), sum(extract(epoch FROM updated_at)) FROM leaderboard");

  const lastRun = new Map<string, Events>();
  async function compareRows(load: Load, database: string, events: Events): Promise<Load> {
    lastRun.set(database, events);
    if (lastRun.get(DRAINED) !== lastRun.get(BARE) || (await sumOf(DRAINED)) === (await sumOf(BARE))) return load;
    return { ...load, faults: ["the drainer left other rows than the bare upserts"] };
  }

  const owned = stack.move();
  return {
    drainerPid: drainer.pid,
    async drain(events) {
      await clear(DRAINED);
      const begin = await stageEvents(redis.admin, events);
      const load = await measureLoad({ drainer: drainer.pid, redis: redis.pid, postgres: server.pid }, async () => {
        const startedAt = performance.now();
        await begin();
        await untilEmpty();
        return { items: events.count, seconds: (performance.now() - startedAt) / 1000, faults: [] };
      });
      return compareRows(load, DRAINED, events);
    },
    async writeBare(events) {
      await clear(BARE);
      const load = await measureLoad({ postgres: server.pid }, async () => {
        let ms = 0;
        for (const batch of inBatches(events, batchMax)) ms += await bare.write(fold(batch, ({ user_id }) => user_id));
        return { items: events.count, seconds: ms / 1000, faults: [] };
      });
      return compareRows(load, BARE, events);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
