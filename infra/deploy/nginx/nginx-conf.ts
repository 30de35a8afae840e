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
}

const GATEWAY = /^ *server gateway-\d:\d+ .*;\n/gm;

/** `nginx.conf` for a process on loopback before these gateways. */
export async function toNginxConf({ port, gateways, dir, directives = "" }: NginxSettings): Promise<string> {
  const text = await Bun.file(join(import.meta.dir, "nginx.conf")).text();
  const [line = ""] = text.match(GATEWAY) ?? [];
  const servers = gateways.map((address) => line.replace(/gateway-\d:\d+/, address)).join("");
  return text
    .replace(GATEWAY, (each) => (each === line ? servers : ""))
    .replace("listen 8080", `listen 127.0.0.1:${port}`)
    .replace("access_log off;", `access_log off;\n  ${directives}`)
    .replaceAll("/tmp/", `${dir}/`);
}
