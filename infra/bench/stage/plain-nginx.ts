import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "stack/engine";
import { freePort } from "stack/free-port";
import type { BenchService } from "./services.ts";

const FOLDERS = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** One worker, because a gateway is one process. Both sides keep connections open. No log. */
const toConfiguration = (dir: string, port: number, upstreamPort: number) => `
worker_processes 1;
pid ${dir}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  ${FOLDERS.map((name) => `${name}_temp_path ${dir}/${name};`).join("\n  ")}
  upstream rankers { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000000;
    location / { proxy_pass http://rankers; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`;

/** Starts nginx as a plain proxy in front of a server that answers `GET /ready`. */
export async function startPlainNginx(command: string, dir: string, upstreamPort: number): Promise<BenchService> {
  const port = await freePort();
  const home = join(dir, "nginx");
  await mkdir(home);
  await chmod(home, 0o777); // the worker may run as another user
  const file = join(home, "nginx.conf");
  await Bun.write(file, toConfiguration(home, port, upstreamPort));
  const url = `http://127.0.0.1:${port}`;
  const args = ["-c", file, "-p", home, "-g", "daemon off;"];
  const engine = await launch({ command, args, port, readyWhen: `${url}/ready`, stopSignal: "SIGQUIT" });
  return { ...engine, url, [Symbol.asyncDispose]: engine.stop };
}
