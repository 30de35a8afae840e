/** What becomes of each parameter of a PostgreSQL URL that is no setting of the server. */

/** Read by `readPostgresUrl` and `readPostgresSsl`. */
export const HONOURED = new Set([
  "host",
  "port",
  "user",
  "password",
  "dbname",
  "application_name",
  "fallback_application_name",
  "connect_timeout",
  "target_session_attrs",
  "channel_binding",
  "sslmode",
  "ssl",
  "sslnegotiation",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "sslpassword",
  "ssl_min_protocol_version",
  "ssl_max_protocol_version",
]);

/**
 * Left out without harm: the drainer has bounds and keepalives of its own, uses no GSSAPI, and
 * finds out by itself whether there is a pooler.
 */
export const DROPPED = new Set([
  "keepalives",
  "keepalives_idle",
  "keepalives_interval",
  "keepalives_count",
  "tcp_user_timeout",
  "statement_timeout",
  "idle_in_transaction_session_timeout",
  "gssdelegation",
  "gsslib",
  "krbsrvname",
  "sslcompression",
  "sslsni",
  "sslcertmode",
  "load_balance_hosts",
  "min_protocol_version",
  "max_protocol_version",
  // Of other clients.
  "pgbouncer",
  "connection_limit",
  "pool_timeout",
  "socket_timeout",
  "statement_cache_size",
  "uselibpqcompat",
  "workaround",
  "max",
  "prepare",
  "fetch_types",
  "idle_timeout",
  "max_lifetime",
  "max_pipeline",
  "keep_alive",
]);

/** Values that are left out; any other value of the parameter is refused. */
export const DROPPED_VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ["gssencmode", ["disable", "prefer"]],
  ["client_encoding", ["auto", "UTF8", "UTF-8", "utf8", "utf-8"]],
  ["replication", ["false", "off", "no", "0"]],
]);

/** Parameters that mean something which this client cannot do, and what to do about it. */
export const REFUSED: ReadonlyMap<string, string> = new Map([
  ["gssencmode", "this client has no GSSAPI: leave it out"],
  ["client_encoding", "the drainer speaks UTF8: leave it out"],
  ["replication", "the drainer does not replicate: leave it out"],
  ["hostaddr", "write the address in place of the host"],
  ["service", "write what the service file says into the URL"],
  ["servicefile", "write what the service file says into the URL"],
  ["passfile", "write the password into the URL"],
  ["require_auth", "this client does not choose how it logs in: set it in pg_hba.conf"],
  ["requirepeer", "this client cannot check it: leave it out"],
  ["sslcrl", "this client does not check revocations: leave it out"],
  ["sslcrldir", "this client does not check revocations: leave it out"],
  ["sslkeylogfile", "this client does not write one: leave it out"],
  ["scram_client_key", "write the password into the URL"],
  ["scram_server_key", "write the password into the URL"],
  ["schema", "write options=-c%20search_path%3DNAME for it"],
]);
