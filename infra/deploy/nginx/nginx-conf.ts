import { join } from "node:path";

/** What differs where `nginx.conf` runs outside of its container. */
export interface NginxSettings {
  port: number;
  /** `host:port` of each gateway. */
  gateways: readonly string[];
  /** Folder for its temporary files, which its workers may enter. */
  dir: string;
  /** Further directives of `http`. */
  directives?: string;
  /** Open files that the system allows a process; what it says unless given. */
  openFilesMax?: number;
}

const FILES = /^worker_rlimit_nofile \d+;$/m;
const CONNECTIONS = /worker_connections \d+;/;
const GATEWAY = /^ *server gateway-\d:\d+ .*;\n/gm;

/** `nginx.conf` for a process on loopback before these gateways. */
export async function toNginxConf(settings: NginxSettings): Promise<string> {
  const { port, gateways, dir, directives = "", openFilesMax = await readOpenFilesMax() } = settings;
  const text = await Bun.file(join(import.meta.dir, "nginx.conf")).text();
  // nginx complains of a limit that it may not raise, from each worker.
  const fit = (directive: string) => directive.replace(/\d+/, (number) => `${Math.min(Number(number), openFilesMax)}`);
  const [line = ""] = text.match(GATEWAY) ?? [];
  const servers = gateways.map((address) => line.replace(/gateway-\d:\d+/, address)).join("");
  return text
    .replace(FILES, fit)
    .replace(CONNECTIONS, fit)
    .replace(GATEWAY, (each) => (each === line ? servers : ""))
    .replace("listen 8080", `listen 127.0.0.1:${port}`)
    .replace("access_log off;", `access_log off;\n  ${directives}`)
    .replaceAll("/tmp/", `${dir}/`);
}

/** The hard limit of open files of a process; Infinity where there is none. */
async function readOpenFilesMax(): Promise<number> {
  const text = await Bun.$`sh -c "ulimit -Hn"`.quiet().nothrow().text();
  return /^\d+\s*$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
}
