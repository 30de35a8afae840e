import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { nginx } from "../../deploy/nginx/nginx-under-test.ts";
import type { BenchService } from "./services.ts";

/** One worker, because a gateway is one process. Both sides keep connections open; nginx checks and logs nothing. */
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
    keepalive 128;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 1000000000;
    location / {
      proxy_pass http://rankers;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`;

/** Starts nginx as a plain proxy in front of a server that answers `GET /ready`. @throws Error without nginx */
export async function startPlainNginx(dir: string, upstreamPort: number): Promise<BenchService> {
  if (nginx === undefined) throw new Error("nginx is not installed");
  const port = await freePort();
  const home = join(dir, "nginx");
  await mkdir(home);
  await chmod(home, 0o777); // the worker may run as another user
  await Bun.write(join(home, "nginx.conf"), toConfiguration(home, port, upstreamPort));
  const url = `http://127.0.0.1:${port}`;
  const engine = await launch({
    command: nginx,
    args: ["-c", join(home, "nginx.conf"), "-p", home, "-g", "daemon off;"],
    port,
    readyWhen: `${url}/ready`,
    stopSignal: "SIGQUIT",
  });
  return { ...engine, url, [Symbol.asyncDispose]: engine.stop };
}
