import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { nginx } from "../deploy/nginx/nginx-under-test.ts";
import type { BenchService } from "./services.ts";

const KEEPALIVE = 128;
const REQUESTS_MAX = 1_000_000_000;

/** One worker, as a gateway is one process; connections are kept open on either side; nothing is looked at, nothing logged. */
const toConfiguration = (dir: string, port: number, upstreamPort: number) => `
worker_processes 1;
pid ${dir}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${dir}/client_body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  upstream rankers {
    server 127.0.0.1:${upstreamPort};
    keepalive ${KEEPALIVE};
    keepalive_requests ${REQUESTS_MAX};
  }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests ${REQUESTS_MAX};
    location / {
      proxy_pass http://rankers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;

/** nginx as a plain proxy before a server that answers `GET /ready`; nothing where it is not installed. */
export async function startPlainNginx(dir: string, upstreamPort: number): Promise<BenchService | undefined> {
  if (nginx === undefined) return undefined;
  const [port, home] = [await freePort(), join(dir, "nginx")];
  await mkdir(home);
  await chmod(home, 0o777); // its worker may run as another user
  await Bun.write(join(home, "nginx.conf"), toConfiguration(home, port, upstreamPort));
  const url = `http://127.0.0.1:${port}`;
  const engine = await launch({
    command: nginx,
    args: ["-c", join(home, "nginx.conf"), "-p", home, "-g", "daemon off;"],
    port,
    readyWhen: `${url}/ready`,
    stopSignal: "SIGQUIT",
  });
  return { ...engine, url };
}
