import { isIP } from "node:net";
import { readPem } from "../base/read-pem.ts";

/** In the words of `tls.connect`, which the client `postgres` passes on. */
export interface PostgresTls {
  rejectUnauthorized: boolean;
  /** PEM of the authorities that are trusted in place of the system's. */
  ca?: string;
  cert?: string;
  key?: string;
  passphrase?: string;
  /** The name to verify, for an address: the client names hosts alone. */
  host?: string;
  minVersion?: string;
  maxVersion?: string;
  /** Accepts any name in the certificate, for `verify-ca`. */
  checkServerIdentity?: () => undefined;
}

/** `prefer` goes on without TLS where the server has none. */
export type PostgresSsl = false | "prefer" | PostgresTls;

const MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
// Spellings of other clients.
const MODE_OF: Partial<Record<string, string>> = { "no-verify": "require", true: "verify-full", false: "disable" };
const VERSIONS: Partial<Record<string, string>> = { "TLSv1.2": "TLSv1.2", "TLSv1.3": "TLSv1.3" };

/**
 * Reads the parameters of libpq about TLS. As in libpq, `require` with a `sslrootcert` verifies the
 * authority, and `sslrootcert=system` the name as well.
 *
 * @returns `undefined` where the URL says nothing
 * @throws Error whose message completes "POSTGRES_URL …"
 */
export function readPostgresSsl(given: ReadonlyMap<string, string>, host: string | undefined): PostgresSsl | undefined {
  const root = given.get("sslrootcert");
  const named = given.get("sslmode") ?? given.get("ssl") ?? (root === undefined ? undefined : "verify-full");
  if (named === undefined) return undefined;
  const mode = MODE_OF[named] ?? named;
  if (!MODES.includes(mode)) throw new Error(`has sslmode=${named}, which is none of ${MODES.join(", ")}`);
  if (mode === "disable") return false;
  if (mode === "allow" || mode === "prefer") return "prefer";
  const tls: PostgresTls = { rejectUnauthorized: mode !== "require" || root !== undefined };
  if (root !== undefined && root !== "system") tls.ca = readPem("sslrootcert", root);
  if (root !== "system" && mode !== "verify-full") tls.checkServerIdentity = () => undefined;
  if (host !== undefined && isIP(host) !== 0) tls.host = host;
  const [cert, key, passphrase] = [given.get("sslcert"), given.get("sslkey"), given.get("sslpassword")];
  if (cert !== undefined) tls.cert = readPem("sslcert", cert);
  if (key !== undefined) tls.key = readPem("sslkey", key);
  if (passphrase !== undefined) tls.passphrase = passphrase;
  const least = readVersion(given, "ssl_min_protocol_version");
  const most = readVersion(given, "ssl_max_protocol_version");
  if (least !== undefined) tls.minVersion = least;
  if (most !== undefined) tls.maxVersion = most;
  return tls;
}

function readVersion(given: ReadonlyMap<string, string>, name: string): string | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const version = VERSIONS[text];
  if (version === undefined) throw new Error(`has ${name}=${text}, which is neither TLSv1.2 nor TLSv1.3`);
  return version;
}
