import postgres from "postgres";
import type { PostgresUrl } from "shared/stores/postgres-url";

const INSUFFICIENT_PRIVILEGE = "42501";
// PostgreSQL leaves a schema out of the search path that the user may not use.
const NO_SCHEMA = "3F000";
const UNDEFINED_OBJECT = "42704";
const PROTOCOL_VIOLATION = "08P01";
const UNKNOWN_SETTING = /unrecognized configuration parameter "([^"]+)"/;
const UNSUPPORTED_SETTING = /unsupported startup parameter(?: in options)?: (\S+)/;

// The client begins TLS also where the server has just said that it has none.
const NO_TLS = /before secure TLS connection was established|wrong version number|^ERR_SSL/;
const CERTIFICATE = /CERT|ISSUER|SIGNATURE|ALTNAME|HOSTNAME_MISMATCH/;

/**
 * Adds to an error of PostgreSQL, PgBouncer or TLS what its operator has to do: a retry alone does
 * not help against a missing right or a wrong parameter.
 */
export function explainRefusal(error: unknown, { user, database }: PostgresUrl): Error {
  if (!(error instanceof postgres.PostgresError))
    return error instanceof Error ? explainTls(error) : new Error(String(error));
  const { code, message } = error;
  const explain = (text: string) => new Error(`${message}: ${text}`, { cause: error });
  if (code === INSUFFICIENT_PRIVILEGE || code === NO_SCHEMA) {
    const role = quote(user ?? "the user");
    if (message.includes("for database")) {
      return explain(`as the owner of the database run GRANT CONNECT ON DATABASE ${quote(database ?? "")} TO ${role};`);
    }
    if (message.includes("owner of") || message.includes("for table")) {
      return explain(`as the tables' owner run REASSIGN OWNED BY CURRENT_USER TO ${role}; in this database`);
    }
    return explain(`as the owner of the database run GRANT USAGE, CREATE ON SCHEMA public TO ${role}; in it`);
  }
  const unknown = UNKNOWN_SETTING.exec(message)?.[1];
  if (code === UNDEFINED_OBJECT && unknown !== undefined) {
    return explain(`POSTGRES_URL has the parameter ${unknown}, which PostgreSQL does not know: leave it out`);
  }
  const unsupported = UNSUPPORTED_SETTING.exec(message)?.[1];
  if (code === PROTOCOL_VIOLATION && unsupported !== undefined) {
    return explain(
      `the pooler refuses the parameter ${unsupported} of POSTGRES_URL: leave it out, or add it to ignore_startup_parameters`,
    );
  }
  return error;
}

function explainTls(error: Error): Error {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const explain = (text: string) => new Error(text, { cause: error });
  if (NO_TLS.test(message) || NO_TLS.test(code)) {
    return explain("PostgreSQL does not speak TLS there: turn it on, or write sslmode=disable into POSTGRES_URL");
  }
  if (!CERTIFICATE.test(code)) return error;
  if (/ALTNAME|HOSTNAME/.test(code)) {
    return explain(
      `the certificate of PostgreSQL is of another host (${message}): name a host of it in POSTGRES_URL, or write sslmode=verify-ca`,
    );
  }
  if (/EXPIRED|NOT_YET_VALID/.test(code)) {
    return explain(`the certificate of PostgreSQL is not valid now (${message}): renew it`);
  }
  return explain(
    `the certificate of PostgreSQL is not trusted (${message}): name the file of its authority in POSTGRES_URL, as sslrootcert=/path/to/ca.pem`,
  );
}

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`;
