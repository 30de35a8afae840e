import { spawn } from "node:child_process";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "stack/free-port";
import { scratchDir } from "stack/scratch-dir";
import { findOrAnnounce, installed } from "testing/installed";
import { toNginxConf } from "./nginx-conf.ts";

export const nginx = installed("nginx");
export const announceWithoutNginx = (what: string) => void findOrAnnounce("nginx", what);

export interface NginxUnderTest {
  url: string;
  /** What it has written to standard error so far. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts nginx with `nginx.conf` in front of gateways on these ports. Resolves when it answers.
 *
 * @param directives further ones of `http`
 * @throws Error where nginx is not installed
 */
export async function startNginx(gatewayPorts: readonly number[], directives = ""): Promise<NginxUnderTest> {
  if (nginx === undefined) throw new Error("nginx is not installed");
  const dir = await scratchDir();
  await mkdir(join(dir, "tmp"));
  await chmod(join(dir, "tmp"), 0o777);
  const port = await freePort();
  const gateways = gatewayPorts.map((each) => `127.0.0.1:${each}`);
  const conf = await toNginxConf({ port, gateways, dir: join(dir, "tmp"), directives });
  await writeFile(join(dir, "nginx.conf"), conf);
  const child = spawn(nginx, ["-c", join(dir, "nginx.conf"), "-p", dir, "-g", "daemon off;"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk) => {
    log += chunk;
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = `http://127.0.0.1:${port}`;
  while ((await fetch(`${url}/metrics`).catch(() => undefined)) === undefined);
  return {
    url,
    log: () => log,
    async stop() {
      child.kill("SIGQUIT");
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
