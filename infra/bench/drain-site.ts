import { join } from "node:path";
import { RedisClient } from "bun";
import postgres from "postgres";
import { queueKey } from "shared/redis/keys";
import { loadDrainerConfig } from "../../drainer/src/config.ts";
import { fold } from "../../drainer/src/drain/fold.ts";
import { migrate } from "../../drainer/src/postgres/migrate.ts";
import { openBareUpsert } from "./bare-upsert.ts";
import { startBenchPostgres } from "./bench-postgres.ts";
import { startBenchRedis } from "./board-under-load.ts";
import { measureCpu, perItem } from "./load.ts";
import { type EventStream, eventBatches, SHARD, stageEvents } from "./queued-events.ts";
import { startBenchService } from "./services.ts";

/** How fast a queue came to its end, and what an event of it cost each process, in microseconds. */
export interface Drained {
  ratePerSecond: number;
  cpuUs: Record<string, number>;
}

/** A drainer with its stores, and the same PostgreSQL for whoever writes to it barely. */
export interface DrainSite {
  readonly drainerPid: number;
  /** Events become the queue at once; it is over when the queue is empty. */
  drain(events: EventStream): Promise<Drained>;
  /** The rows of the same events in the same order: as many a batch as a drainer reads at once, folded before it is timed. */
  writeBarely(events: EventStream): Promise<Drained>;
  /** Whether the last of each has left the same rows. */
  agree(): Promise<boolean>;
  dispose(): Promise<void>;
}

const DATABASES = ["drained", "bare"] as const;
type DatabaseName = (typeof DATABASES)[number];

const POLL_MS = 10;
// A drainer that stands still would be waited for for ever.
const STALL_MS = 60_000;

export async function startDrainSite(dir: string): Promise<DrainSite> {
  const stack = new AsyncDisposableStack();
  try {
    const redis = await startBenchRedis(join(dir, "redis-drain"));
    stack.defer(redis.kill);
    const server = await startBenchPostgres(dir, "postgres-drain", [...DATABASES]);
    stack.defer(server.kill);
    for (const name of DATABASES) await migrate(server.url(name));
    const env = {
      REDIS_URL: redis.url,
      POSTGRES_URL: server.url("drained"),
      // There is no ranking here that PostgreSQL could be compared with.
      RECONCILE_INTERVAL_SECONDS: "0",
    };
    const { batchMax } = loadDrainerConfig(env);
    const drainer = await startBenchService("drainer", dir, env);
    stack.defer(drainer.kill);
    const admin = new RedisClient(redis.url);
    stack.defer(async () => admin.close());
    const bare = openBareUpsert(server.url("bare"));
    stack.defer(bare.close);

    const untilEmpty = async () => {
      for (let last = Number.POSITIVE_INFINITY, movedAt = performance.now(); ; await Bun.sleep(POLL_MS)) {
        const left = Number(await admin.send("LLEN", [queueKey(SHARD)]));
        if (left === 0) return;
        if (left < last) [last, movedAt] = [left, performance.now()];
        if (performance.now() - movedAt > STALL_MS) throw new Error(`the drainer stands still before ${left} events`);
      }
    };
    const ask = async (name: DatabaseName, statement: string) => {
      const sql = postgres(server.url(name), { max: 1 });
      try {
        return JSON.stringify(await sql.unsafe(statement));
      } finally {
        await sql.end();
      }
    };
    /** A table without rows, and no write of earlier ones still to come. */
    const empty = async (name: DatabaseName) => {
      await ask(name, "TRUNCATE leaderboard");
      await ask(name, "CHECKPOINT");
    };
    const sumOf = (name: DatabaseName) =>
      ask(name, "SELECT count(*), sum(score), sum(extract(epoch FROM updated_at)) FROM leaderboard");

    return {
      drainerPid: drainer.pid,
      async drain(events) {
        await empty("drained");
        const begin = await stageEvents(admin, events);
        const processes = { drainer: drainer.pid, redis: redis.pid, postgres: server.pid };
        const { result: ms, spentUs } = await measureCpu(processes, async () => {
          const startedAt = performance.now();
          await begin();
          await untilEmpty();
          return performance.now() - startedAt;
        });
        return { ratePerSecond: (events.count / ms) * 1000, cpuUs: perItem(spentUs, events.count) };
      },
      async writeBarely(events) {
        await empty("bare");
        const { result: ms, spentUs } = await measureCpu({ postgres: server.pid }, async () => {
          let sum = 0;
          for (const batch of eventBatches(events, batchMax)) {
            sum += await bare.write(fold(batch, ({ user_id }) => user_id));
          }
          return sum;
        });
        return { ratePerSecond: (events.count / ms) * 1000, cpuUs: perItem(spentUs, events.count) };
      },
      agree: async () => (await sumOf("drained")) === (await sumOf("bare")),
      dispose: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
