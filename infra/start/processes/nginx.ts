import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, launch } from "stack/engine";
import { toNginxConf } from "../../deploy/nginx/nginx-conf.ts";

export interface NginxOptions {
  port: number;
  gatewayPort: number;
  /** Of its configuration and temporary files; made where it is missing. */
  dir: string;
  onLine: (line: string) => void;
}

// Debian installs it where the PATH of most users does not look.
const SYSTEM_PATH = "/usr/sbin:/usr/local/sbin";

/** @returns the path of nginx; undefined where it is not installed */
export const findNginx = (): string | undefined =>
  Bun.which("nginx") ?? Bun.which("nginx", { PATH: SYSTEM_PATH }) ?? undefined;

/**
 * Starts nginx before the gateway of the stack, and resolves when it passes requests on.
 *
 * @throws Error where nginx is not installed
 */
export async function startNginx({ port, gatewayPort, dir, onLine }: NginxOptions): Promise<Engine> {
  const command = findNginx();
  if (command === undefined) throw new Error("nginx is not installed: install it, or start without --nginx");
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "nginx.conf");
  writeFileSync(file, await toNginxConf({ port, gateways: [`127.0.0.1:${gatewayPort}`], dir }));
  // Workers of root would run as another user, who may not enter the folder.
  const user = process.getuid?.() === 0 ? " user root;" : "";
  return launch({
    command,
    args: ["-c", file, "-p", dir, "-e", "stderr", "-g", `daemon off;${user}`],
    port,
    readyWhen: `http://127.0.0.1:${port}/ready`,
    // Not SIGQUIT, which waits for live streams.
    stopSignal: "SIGTERM",
    onLine,
  });
}
