import { readPem } from "../base/read-pem.ts";

/** How a `rediss://` connection verifies the server, in the words of `tls.connect`. */
export interface RedisTls {
  rejectUnauthorized?: boolean;
  /** PEM of the authorities that are trusted in place of the system's. */
  ca?: string;
}

/** Parameters of a `rediss://` URL, with the names that redis-py and its users know. */
export const TLS_PARAMETERS = ["ssl_cert_reqs", "ssl_ca_certs"];

const VERIFIES: Partial<Record<string, boolean>> = {
  required: true,
  CERT_REQUIRED: true,
  none: false,
  CERT_NONE: false,
};

/**
 * Reads `ssl_ca_certs`, the file of one's own authority, and `ssl_cert_reqs=none`, for a store
 * whose certificate cannot be verified.
 *
 * @returns `undefined` where the URL has neither
 * @throws Error whose message completes "REDIS_URL …"
 */
export function readTls({ protocol, searchParams }: URL): RedisTls | undefined {
  const [requirement, caFile] = TLS_PARAMETERS.map((name) => searchParams.get(name));
  if (protocol !== "rediss:") {
    const given = TLS_PARAMETERS.find((name) => searchParams.has(name));
    if (given !== undefined) throw new Error(`has ${given}, which needs rediss://`);
    return undefined;
  }
  if (!requirement && !caFile) return undefined;
  const tls: RedisTls = {};
  if (requirement) {
    const verifies = VERIFIES[requirement];
    if (verifies === undefined) throw new Error("must have ssl_cert_reqs=required or ssl_cert_reqs=none");
    tls.rejectUnauthorized = verifies;
  }
  if (caFile) tls.ca = readCa(caFile);
  return tls;
}

function readCa(file: string): string {
  const text = readPem("ssl_ca_certs", file);
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new Error(`names the file ${file} in ssl_ca_certs, which has no certificate in PEM`);
}
