import postgres from "postgres";
import { connectPostgres, isRefusedByPooler, isTimedOut, type Sql } from "./connect-postgres.ts";

/** One PostgreSQL database, with a bound on the time that any use of it takes. */
export interface Database {
  /** Host, port and name, for people. */
  readonly label: string;
  /** @throws whatever `work` throws, or `DatabaseTimeout` */
  run<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** PostgreSQL gave no answer within the deadline; what was asked may still have happened. */
export class DatabaseTimeout extends Error {
  constructor(label: string, deadlineMs: number, cause?: unknown) {
    super(`${label} did not answer within ${deadlineMs} ms`, { cause });
    this.name = "DatabaseTimeout";
  }
}

export interface DatabaseOptions {
  /** Milliseconds for one use, waiting for a connection included. */
  deadlineMs?: number;
  connectionsMax?: number;
}

// A hundred times what a batch takes. An outage costs this much after its end, where it caught a batch under way.
const DEADLINE_MS = 3_000;
const CONNECTIONS_MAX = 4;
/** In `pg_stat_activity`; a pool adds an id of its own. */
const NAME = "drainer";
/** PostgreSQL ends a statement at this share of the deadline, so that its answer comes before the deadline. */
const STATEMENT_SHARE = 0.9;
/** What ending the backends of a pool that was given up may take. */
const END_BACKENDS_MS = 2_000;

const READ_TIMEOUT = "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'";

/** A pooler stands between, which keeps the settings of a connection from PostgreSQL. */
class SettingsDropped extends Error {}

/**
 * A pool of connections that is thrown away whole when a use of it outlasts its deadline: `postgres` alone would wait
 * for ever on a connection whose other end is gone. PostgreSQL itself ends a statement a little before that. A pooler
 * refuses that setting or drops it, and so the backends of a pool that is thrown away are ended by the pool's name.
 */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { deadlineMs = DEADLINE_MS, connectionsMax = CONNECTIONS_MAX } = options;
  const { host, pathname } = new URL(url);
  const label = `${host}${pathname}`;
  const statementTimeoutMs = Math.ceil(deadlineMs * STATEMENT_SHARE);
  const connect = (isPooled: boolean) => {
    const name = `${NAME} ${crypto.randomUUID()}`;
    return {
      name,
      isPooled,
      isChecked: isPooled,
      sql: connectPostgres(url, { name, connectionsMax, statementTimeoutMs, isPooled }),
    };
  };
  let pool = connect(false);
  const endings = new Set<Promise<void>>();

  /** Replaces a pool, once; the next use gets the new one. */
  function replace(old: typeof pool, isPooled: boolean): void {
    if (pool !== old) return;
    pool = connect(isPooled);
    const ending = end(old).finally(() => endings.delete(ending));
    endings.add(ending);
  }

  async function end({ name, sql }: typeof pool): Promise<void> {
    await sql.end({ timeout: 0 }).catch(() => {});
    await endBackends(url, name).catch(() => {}); // they stay until the lock is gone, and change nothing
  }

  /** @throws SettingsDropped */
  async function check(used: typeof pool): Promise<void> {
    const [row] = await used.sql.unsafe<{ setting: string }[]>(READ_TIMEOUT).simple();
    if (row?.setting !== String(statementTimeoutMs)) throw new SettingsDropped();
    used.isChecked = true;
  }

  async function runWithin<T>(work: (sql: Sql) => Promise<T>, expired: Promise<never>): Promise<T> {
    const used = pool;
    try {
      if (!used.isChecked) await Promise.race([check(used), expired]);
      return await Promise.race([work(used.sql), expired]);
    } catch (error) {
      if (error instanceof DatabaseTimeout) replace(used, used.isPooled);
      if (isTimedOut(error)) throw new DatabaseTimeout(label, deadlineMs, error);
      // Also what another use lost when it was the first to be refused.
      const isRefused =
        !used.isPooled && (pool.isPooled || error instanceof SettingsDropped || isRefusedByPooler(error));
      if (!isRefused) throw error;
      replace(used, true);
      return runWithin(work, expired);
    }
  }

  return {
    label,
    async run(work) {
      const { promise: expired, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new DatabaseTimeout(label, deadlineMs)), deadlineMs);
      try {
        return await runWithin(work, expired);
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      await Promise.all([pool.sql.end({ timeout: deadlineMs / 1000 }), ...endings]);
    },
  };
}

/** Ends what the backends of a pool are still at: a backend that waits for a lock does not notice that its client left. */
async function endBackends(url: string, name: string): Promise<void> {
  const sql = connectPostgres(url, {
    name: NAME,
    connectionsMax: 1,
    statementTimeoutMs: END_BACKENDS_MS,
    isPooled: true,
  });
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("too late")), END_BACKENDS_MS);
  try {
    const ended = sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = ${name} AND usename = current_user AND state = 'active'`;
    await Promise.race([ended, expired]);
  } finally {
    clearTimeout(timer);
    await sql.end({ timeout: 0 });
  }
}

// SQLSTATE classes that blame the row: data exceptions and violated constraints. All others blame the moment.
const ROW_FAULT = /^2[23]/;

/** True when PostgreSQL refused what a row holds, so that the same row would be refused again. */
export const isRowFault = (error: unknown): error is postgres.PostgresError =>
  error instanceof postgres.PostgresError && ROW_FAULT.test(error.code);
