import postgres from "postgres";

export type Sql = postgres.Sql;

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
  constructor(label: string, deadlineMs: number) {
    super(`${label} did not answer within ${deadlineMs} ms`);
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
const CONNECT_TIMEOUT_SECONDS = 2;
// The caller backs off by itself; the client's own delay grows to 20 s and would outlast an outage by that much.
const RECONNECT_DELAY_SECONDS = 0.1;

const TEXT_ARRAY_OID = 1009;

const SPECIAL = /["\\]/;
const escaped = (item: string) => item.replaceAll("\\", "\\\\").replaceAll('"', '\\"');

/** The literal of an array: every item in quotes. */
export function toArrayLiteral(items: readonly string[]): string {
  if (items.length === 0) return "{}";
  // One look at all of them is many times faster than one at each, and few have anything to escape.
  const safe = SPECIAL.test(items.join("")) ? items.map(escaped) : items;
  return `{"${safe.join('","')}"}`;
}

/** `text[]`, the one array type that is sent; as a literal, where that was made before. Nothing of this type is read. */
const textArray = {
  to: TEXT_ARRAY_OID,
  from: [],
  serialize: (items: string | readonly string[]) => (typeof items === "string" ? items : toArrayLiteral(items)),
  parse: (text: string) => text,
};

/**
 * A pool of connections that is thrown away whole when a use of it outlasts its deadline: `postgres` alone would wait
 * for ever on a connection whose other end is gone.
 */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const { deadlineMs = DEADLINE_MS, connectionsMax = CONNECTIONS_MAX } = options;
  const { host, pathname } = new URL(url);
  const label = `${host}${pathname}`;
  const connect = () =>
    postgres(url, {
      max: connectionsMax,
      connect_timeout: CONNECT_TIMEOUT_SECONDS,
      backoff: () => RECONNECT_DELAY_SECONDS,
      onnotice: () => {},
      // By default a new connection asks for all array types first, and a backend that dies just then ends the process.
      fetch_types: false,
      types: { textArray },
      connection: { application_name: "drainer" },
    });
  let sql = connect();

  async function abandon(pool: Sql): Promise<void> {
    if (pool === sql) sql = connect();
    await pool.end({ timeout: 0 }).catch(() => {});
  }

  return {
    label,
    async run(work) {
      const pool = sql;
      const { promise: expired, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(new DatabaseTimeout(label, deadlineMs)), deadlineMs);
      try {
        return await Promise.race([work(pool), expired]);
      } catch (error) {
        if (error instanceof DatabaseTimeout) void abandon(pool);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => sql.end({ timeout: deadlineMs / 1000 }),
  };
}

// SQLSTATE classes that blame the row: data exceptions and violated constraints. All others blame the moment.
const ROW_FAULT = /^2[23]/;

/** True when PostgreSQL refused what a row holds, so that the same row would be refused again. */
export const isRowFault = (error: unknown): error is postgres.PostgresError =>
  error instanceof postgres.PostgresError && ROW_FAULT.test(error.code);
