import postgres from "postgres";
import { readPostgresUrl } from "../stores/postgres-url.ts";
import { connectPostgres, isRefusedByPooler, isTimedOut, type Sql } from "./connect-postgres.ts";

/** One PostgreSQL database; every use of it has a deadline. */
export interface Database {
  /** Host, port and name, for logs. */
  readonly label: string;
  /** @throws what `work` throws, or `DatabaseTimeout` */
  run<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** PostgreSQL gave no answer within the deadline; the statement may still have been executed. */
export class DatabaseTimeout extends Error {
  constructor(label: string, deadlineMs: number, cause?: unknown) {
    super(`${label} did not answer within ${deadlineMs} ms`, { cause });
    this.name = "DatabaseTimeout";
  }
}

export interface DatabaseOptions {
  /** Milliseconds for one use, the wait for a connection included. */
  deadlineMs?: number;
  connectionsMax?: number;
  /** Names the service in `pg_stat_activity`, unless the URL does; `drainer` unless given. */
  name?: string;
}

// A hundred times the duration of a batch. A batch caught by an outage goes on at most this long
// after the outage.
const DEADLINE_MS = 3_000;
const CONNECTIONS_MAX = 4;
const NAME = "drainer";
// Each pool appends an id to the name, by which its backends are found. PostgreSQL cuts a name
// after 63 bytes, and the id has 36.
const NAME_CHARACTERS_MAX = 26;
/**
 * Statement timeout as a share of the deadline, so that the error of PostgreSQL comes before the
 * deadline.
 */
const STATEMENT_SHARE = 0.9;
/** Time limit for ending the backends of a replaced pool. */
const END_BACKENDS_MS = 2_000;

const READ_TIMEOUT = "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'";

/** A pooler has dropped the settings of the connection. */
class SettingsDropped extends Error {}

/**
 * Opens a database. Its pool is replaced when a use outlasts its deadline: the client `postgres`
 * alone would wait without end on a connection whose other end is gone. PostgreSQL cancels the
 * statement shortly before. Behind a pooler it does not have that setting, so the backends of a
 * replaced pool are ended by the pool's name.
 */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { deadlineMs = DEADLINE_MS, connectionsMax = CONNECTIONS_MAX, name: service = NAME } = options;
  const { label, applicationName = service } = readPostgresUrl(url);
  const statementTimeoutMs = Math.ceil(deadlineMs * STATEMENT_SHARE);
  const connect = ({ isPooled }: { isPooled: boolean }) => {
    const name = `${applicationName.slice(0, NAME_CHARACTERS_MAX)} ${crypto.randomUUID()}`;
    return {
      name,
      isPooled,
      isChecked: isPooled,
      sql: connectPostgres(url, { name, connectionsMax, statementTimeoutMs, isPooled }),
    };
  };
  let pool = connect({ isPooled: false });
  const endings = new Set<Promise<void>>();

  /** Replaces a pool, once. The next use gets the new pool. */
  function replace(old: typeof pool, options: { isPooled: boolean }): void {
    if (pool !== old) return;
    pool = connect(options);
    const ending = end(old).finally(() => endings.delete(ending));
    endings.add(ending);
  }

  async function end({ name, sql }: typeof pool): Promise<void> {
    await sql.end({ timeout: 0 }).catch(() => {});
    await endBackends(url, name).catch(() => {}); // the backends stay until the lock is released, and change nothing
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
      if (error instanceof DatabaseTimeout) replace(used, used);
      if (isTimedOut(error)) throw new DatabaseTimeout(label, deadlineMs, error);
      // Another use may have replaced the pool, which failed this use as well.
      const isRefused =
        !used.isPooled && (pool.isPooled || error instanceof SettingsDropped || isRefusedByPooler(error));
      if (!isRefused) throw error;
      replace(used, { isPooled: true });
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

/**
 * Ends the active backends of a pool: a backend that waits for a lock does not notice that its
 * client is gone.
 */
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

// SQLSTATE classes of faults in a row: data exceptions and violated constraints. All other errors
// may pass on a retry.
const ROW_FAULT = /^2[23]/;

export type RowFault = postgres.PostgresError;

/** True when PostgreSQL refused the contents of a row, and would refuse the same row again. */
export const isRowFault = (error: unknown): error is RowFault =>
  error instanceof postgres.PostgresError && ROW_FAULT.test(error.code);
