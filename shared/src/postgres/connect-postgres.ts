import postgres from "postgres";
import { type PostgresUrl, readPostgresUrl } from "../stores/postgres-url.ts";
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
  const target = readPostgresUrl(url);
  const connection: Record<string, string | number> = { ...target.settings, application_name: name };
  if (!isPooled) {
    const timeouts = { statement_timeout: statementTimeoutMs, idle_in_transaction_session_timeout: statementTimeoutMs };
    Object.assign(connection, timeouts, KEEPALIVES);
  }
  return postgres({
    ...toClientOptions(target),
    max: connectionsMax,
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

/**
 * A parsed URL as options of the client `postgres`, which would send the parameters that it does
 * not know to the server. An option that the URL does not set is absent, so that the client's
 * variables hold.
 */
export function toClientOptions(target: PostgresUrl): postgres.Options<{ textArray: postgres.PostgresType }> {
  const { hosts, user, password, database, sessions, ssl, isTlsDirect, connectTimeoutSeconds } = target;
  const seconds = Math.min(connectTimeoutSeconds ?? CONNECT_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS);
  const options: ReturnType<typeof toClientOptions> = { connect_timeout: seconds };
  const [first] = hosts;
  if (hosts.length === 1 && first !== undefined) Object.assign(options, first);
  if (hosts.length > 1) {
    // The types of the client know one host alone.
    Object.assign(options, { host: hosts.map(({ host }) => host), port: hosts.map(({ port }) => port) });
  }
  if (user !== undefined) options.user = user;
  if (password !== undefined) options.password = password;
  if (database !== undefined) options.database = database;
  if (sessions !== undefined) options.target_session_attrs = sessions;
  if (ssl !== undefined) Object.assign(options, { ssl });
  if (isTlsDirect) Object.assign(options, { sslnegotiation: "direct" });
  return options;
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
