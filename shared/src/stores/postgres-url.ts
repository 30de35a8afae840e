import { suggest } from "../command/suggest.ts";
import { DROPPED, DROPPED_VALUES, HONOURED, isSettingName, REFUSED, SETTINGS } from "./postgres-parameters.ts";
import { type PostgresSsl, readPostgresSsl } from "./postgres-tls.ts";

/** A parsed `POSTGRES_URL`. What is absent comes from `PGHOST`, `PGUSER` and so on. */
export interface PostgresUrl {
  /** Host, port and database, for people. */
  label: string;
  hosts: { host: string; port: number }[];
  user?: string;
  password?: string;
  database?: string;
  applicationName?: string;
  connectTimeoutSeconds?: number;
  /** The kind of server to look for among the hosts. */
  sessions?: "read-write" | "primary";
  ssl?: PostgresSsl;
  /** True where TLS begins without a request for it. */
  isTlsDirect: boolean;
  /** Settings of the server, sent at the start of a connection; `options` among them. */
  settings: Record<string, string>;
  /** Parameters that promise more than this client does, for the log. */
  unkept: string[];
}

const URL_PARTS = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;
const HOST = /^(\[[^\]]+\]|[^:]*)(?::(\d{1,5}))?$/;
const PORT_DEFAULT = 5432;
const SETTING = /^[A-Za-z_][\w.]*$/;
const NAMES = [...HONOURED, ...DROPPED, ...DROPPED_VALUES.keys(), "options", ...SETTINGS];
const WRITING = ["any", "read-write", "primary"];

/**
 * Reads a connection URL as libpq does, host lists and Unix sockets included. Each parameter is
 * honoured, left out, or refused by name; one that libpq does not know is a setting of the server,
 * and refused where PostgreSQL has none of that name.
 *
 * @throws Error whose message completes "POSTGRES_URL …"
 */
export function readPostgresUrl(text: string): PostgresUrl {
  const [, login = "", authority = "", path = "", query = ""] = URL_PARTS.exec(text.trim()) ?? [];
  if (!URL_PARTS.test(text.trim())) throw new Error("must be a URL that begins with postgres:// or postgresql://");
  const given = new Map(new URLSearchParams(query));
  for (const [name, value] of given) refuse(name, value);
  const colon = login.includes(":") ? login.indexOf(":") : login.length;
  const hosts = readHosts(given.get("host") ?? decode(authority, "the host"), given.get("port"));
  const database = given.get("dbname") ?? decode(path, "the database");
  const url: PostgresUrl = {
    label: `${authority}/${path}`,
    hosts,
    isTlsDirect: readNegotiation(given),
    settings: readSettings(given),
    unkept: given.get("channel_binding") === "require" ? ["channel_binding"] : [],
  };
  const user = given.get("user") ?? decode(login.slice(0, colon), "the user");
  const password = given.get("password") ?? decode(login.slice(colon + 1), "the password");
  if (user !== "") url.user = user;
  if (password !== "") url.password = password;
  if (database !== "") url.database = database;
  const name = given.get("application_name") ?? given.get("fallback_application_name");
  if (name !== undefined && name !== "") url.applicationName = name;
  const timeout = readTimeout(given.get("connect_timeout"));
  if (timeout !== undefined) url.connectTimeoutSeconds = timeout;
  const sessions = readSessions(given.get("target_session_attrs"), hosts.length);
  if (sessions !== undefined) url.sessions = sessions;
  const ssl = readPostgresSsl(given, hosts.length === 1 ? hosts[0]?.host : undefined);
  if (ssl !== undefined) url.ssl = ssl;
  return url;
}

/** @throws Error that names the parameter, and says what to do */
function refuse(name: string, value: string): void {
  if (DROPPED_VALUES.get(name)?.includes(value)) return;
  const advice = REFUSED.get(name);
  if (advice !== undefined) throw new Error(`has ${name}=${value}, but ${advice}`);
  if (!SETTING.test(name)) throw new Error(`has a parameter ${JSON.stringify(name)}, which is no name of a setting`);
  if (!isSetting(name) || name === "options" || isSettingName(name)) return;
  const near = suggest(name, NAMES);
  const otherwise = `; a setting of a later PostgreSQL goes into options=-c%20${name}%3D…`;
  throw new Error(`has a parameter ${name}, which neither libpq nor PostgreSQL knows${near === "" ? otherwise : near}`);
}

const isSetting = (name: string) => !HONOURED.has(name) && !DROPPED.has(name) && !DROPPED_VALUES.has(name);

const readSettings = (given: ReadonlyMap<string, string>) =>
  Object.fromEntries([...given].filter(([name]) => isSetting(name)));

function readHosts(text: string, ports: string | undefined): PostgresUrl["hosts"] {
  if (text === "") return [];
  const listed = ports === undefined || ports === "" ? [] : ports.split(",");
  return text.split(",").map((item, index) => {
    const [, host, port = listed[index] ?? listed[0]] = (item.startsWith("/") ? ["", item] : HOST.exec(item)) ?? [];
    const number = Number(port || PORT_DEFAULT);
    if (host === undefined || !Number.isInteger(number) || number < 1 || number > 65_535) {
      throw new Error("must have host or host:port between @ and /, and special characters percent-encoded");
    }
    return { host: host.replace(/^\[|\]$/g, "") || "localhost", port: number };
  });
}

function readNegotiation(given: ReadonlyMap<string, string>): boolean {
  const negotiation = given.get("sslnegotiation") ?? "postgres";
  if (negotiation === "postgres" || negotiation === "direct") return negotiation === "direct";
  throw new Error(`has sslnegotiation=${negotiation}, which is neither postgres nor direct`);
}

function readTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,6}$/.test(text)) throw new Error(`has connect_timeout=${text}, which is no number of seconds`);
  return text === "0" ? undefined : Number(text);
}

/** A drainer writes: of several hosts it needs the one that takes writes, asked for or not. */
function readSessions(text: string | undefined, hosts: number): PostgresUrl["sessions"] {
  if (text !== undefined && !WRITING.includes(text)) {
    throw new Error(`has target_session_attrs=${text}, but the drainer writes: read-write, primary or any`);
  }
  if (text === "primary") return "primary";
  return text === "read-write" || hosts > 1 ? "read-write" : undefined;
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error(`has a % in ${what} that is no percent-encoding: write %25 for it`);
  }
}
