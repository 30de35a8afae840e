import postgres, { type Sql } from "postgres";
import { loadDrainerConfig } from "../../../drainer/src/config.ts";
import { fold } from "../../../drainer/src/drain/fold.ts";
import { migrate } from "../../../drainer/src/postgres/migrate.ts";
import { type Load, measureLoad, withFault } from "../harness/load.ts";
import { upsertBare } from "./bare-upsert.ts";
import { inBatches } from "./players.ts";
import { type Events, stageEvents, untilDrained } from "./queued-events.ts";
import { startBenchDrainer } from "./services.ts";
import { startBenchPostgres, startBenchRedis } from "./stores.ts";

const DRAINED = "drained";
const BARE = "bare";
const SQL_OPTIONS = { max: 1, onnotice: () => {}, fetch_types: false };

/**
 * Starts a drainer with its stores, and a second database of the same PostgreSQL for bare upserts.
 * When both sides have run the same events, different rows are a fault of the later load.
 */
export async function startDrainSite(stack: AsyncDisposableStack, dir: string) {
  const redis = stack.use(await startBenchRedis(dir));
  const server = stack.use(await startBenchPostgres(dir, [DRAINED, BARE]));
  for (const name of [DRAINED, BARE]) await migrate(server.url(name));
  const env = { REDIS_URL: redis.url, POSTGRES_URL: server.url(DRAINED) };
  const { batchMax } = loadDrainerConfig(env);
  const drainer = stack.use(await startBenchDrainer(dir, env));
  const open = (name: string) => stack.adopt(postgres(server.url(name), SQL_OPTIONS), (sql) => sql.end());
  const [drained, bare] = [open(DRAINED), open(BARE)];
  const lastRun = new Map<Sql, Events>();

  async function compareRows(load: Load, sql: Sql, events: Events): Promise<Load> {
    lastRun.set(sql, events);
    const isComparable = lastRun.get(drained) === lastRun.get(bare);
    const isOther = isComparable && (await sumRows(drained)) !== (await sumRows(bare));
    return withFault(load, isOther, "the drainer left other rows than the bare upserts");
  }

  return {
    drainerPid: drainer.pid,
    /** Makes events the queue, and times the drainer until the queue is empty. */
    async drain(events: Events): Promise<Load> {
      await clear(drained);
      const begin = await stageEvents(redis.admin, events);
      const load = await measureLoad({ drainer: drainer.pid, redis: redis.pid, postgres: server.pid }, async () => {
        const startedAt = performance.now();
        await begin();
        await untilDrained(redis.admin);
        return { items: events.count, seconds: (performance.now() - startedAt) / 1000, faults: [] };
      });
      return compareRows(load, drained, events);
    },
    /**
     * Writes the same rows in batches as large as the drainer's, folded before the clock starts.
     */
    async writeBare(events: Events): Promise<Load> {
      await clear(bare);
      const load = await measureLoad({ postgres: server.pid }, async () => {
        let ms = 0;
        for (const batch of inBatches(events, batchMax)) {
          const rows = fold(batch, ({ user_id }) => user_id);
          ms += await upsertBare(bare, rows);
        }
        return { items: events.count, seconds: ms / 1000, faults: [] };
      });
      return compareRows(load, bare, events);
    },
  };
}

/** Leaves a table without rows, and no writes of earlier rows for a checkpoint to flush. */
async function clear(sql: Sql): Promise<void> {
  await sql`TRUNCATE leaderboard`;
  await sql`CHECKPOINT`;
}

const sumRows = async (sql: Sql) =>
  JSON.stringify(await sql`SELECT count(*), sum(score), sum(extract(epoch FROM updated_at)) FROM leaderboard`);
