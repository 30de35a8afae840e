/** Certificates of an authority of a test's own. */

import { chmod, chown } from "node:fs/promises";
import { join } from "node:path";
import { postgresOwner } from "stack/postgres-home";

/** Files in PEM. */
export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

/**
 * Makes an authority, and a certificate of it for `localhost` and 127.0.0.1.
 *
 * @throws Error where openssl is missing or fails
 */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const at = (name: string) => join(dir, name);
  const files = { ca: at("ca.crt"), cert: at("server.crt"), key: at("server.key") };
  const subject = ["-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const ca = ["-x509", "-subj", "/CN=test authority", "-keyout", at("ca.key"), "-out", files.ca];
  await openssl(["req"].concat(ca, subject));
  const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"];
  const signed = ["-x509", "-subj", "/CN=localhost", "-CA", files.ca, "-CAkey", at("ca.key")];
  await openssl(["req"].concat(signed, names, subject, ["-keyout", files.key, "-out", files.cert]));
  // PostgreSQL reads a key that is its own alone, and does not run as root.
  await chmod(files.key, 0o600);
  const { uid, gid }: { uid?: number; gid?: number } = postgresOwner() ?? {};
  if (uid !== undefined && gid !== undefined) await chown(files.key, uid, gid);
  return files;
}

async function openssl(args: string[]): Promise<void> {
  const child = Bun.spawn(["openssl"].concat(args), { stderr: "pipe" });
  if ((await child.exited) !== 0) throw new Error(`openssl failed: ${await new Response(child.stderr).text()}`);
}
