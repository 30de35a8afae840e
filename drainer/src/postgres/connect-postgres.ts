import postgres from "postgres";
import { textArray } from "./array-literal.ts";

export type Sql = postgres.Sql;

export interface ConnectPostgresOptions {
  /** Names the connections in `pg_stat_activity`. */
  name: string;
  connectionsMax: number;
  /** PostgreSQL cancels a statement after this long. */
  statementTimeoutMs: number;
  /**
   * Whether the connection goes through a pooler, which takes no settings and keeps no prepared
   * statements.
   */
  isPooled: boolean;
}

const CONNECT_TIMEOUT_SECONDS = 2;
// The caller backs off by itself; the client's own delay grows to 20 s, by which it would outlast
// an outage.
const RECONNECT_DELAY_SECONDS = 0.1;
// PostgreSQL notices a vanished drainer after 30 + 3 * 10 s; by default it would keep the backends
// for 2 hours.
const KEEPALIVES = { tcp_keepalives_idle: 30, tcp_keepalives_interval: 10, tcp_keepalives_count: 3 };

/**
 * Opens a pool of connections. PostgreSQL enforces the statement timeout: a backend that waits for
 * a lock does not notice that its client is gone, and would go on taking one of `max_connections`.
 */
export function connectPostgres(url: string, options: ConnectPostgresOptions): Sql {
  const { name, connectionsMax, statementTimeoutMs, isPooled } = options;
  const connection: Record<string, string | number> = { application_name: name };
  if (!isPooled) {
    const timeouts = { statement_timeout: statementTimeoutMs, idle_in_transaction_session_timeout: statementTimeoutMs };
    Object.assign(connection, timeouts, KEEPALIVES);
  }
  return postgres(url, {
    max: connectionsMax,
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    backoff: () => RECONNECT_DELAY_SECONDS,
    onnotice: () => {},
    // The client would query array types on each new connection, and a backend that dies meanwhile
    // ends the process.
    fetch_types: false,
    types: { textArray },
    prepare: !isPooled,
    connection,
  });
}

const PROTOCOL_VIOLATION = "08P01";
const NO_SUCH_STATEMENT = "26000";
const STATEMENT_EXISTS = "42P05";

/**
 * True for errors that only occur behind a pooler such as PgBouncer: it refuses settings, and in
 * transaction mode it may prepare a statement on one connection and run it on another.
 */
export function isRefusedByPooler(error: unknown): boolean {
  if (!(error instanceof postgres.PostgresError)) return false;
  if (error.code === PROTOCOL_VIOLATION) return error.message.includes("startup parameter");
  return error.code === NO_SUCH_STATEMENT || error.code === STATEMENT_EXISTS;
}

const QUERY_CANCELED = "57014";
const LOCK_NOT_AVAILABLE = "55P03";

/** True for a statement that PostgreSQL cancelled because it took too long. */
export const isTimedOut = (error: unknown): boolean =>
  error instanceof postgres.PostgresError && (error.code === QUERY_CANCELED || error.code === LOCK_NOT_AVAILABLE);
