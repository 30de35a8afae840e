import { spawn } from "node:child_process";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "stack/free-port";
import { scratchDir } from "stack/scratch-dir";
import { installed } from "testing/installed";

export const nginx = installed("nginx");

export interface PrefixProxy {
  /** The address of nginx with the prefix and a slash at the end. */
  url: string;
  stop(): Promise<void>;
}

/**
 * Starts nginx, which passes `prefix` (`/lb/`) on to a gateway without it and answers 404 to every
 * other path. Resolves when it answers.
 *
 * @throws Error where nginx is not installed
 */
export async function startPrefixProxy(prefix: string, gatewayUrl: string): Promise<PrefixProxy> {
  if (nginx === undefined) throw new Error("nginx is not installed");
  const dir = await scratchDir();
  await mkdir(join(dir, "tmp"));
  await chmod(join(dir, "tmp"), 0o777);
  const port = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${dir}/tmp/${name};`)
    .join(" ");
  await writeFile(
    join(dir, "nginx.conf"),
    `pid ${dir}/nginx.pid;
error_log /dev/stderr warn;
events {}
http {
  access_log off;
  ${temporary}
  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    location / { return 404; }
    location ${prefix} { proxy_pass ${gatewayUrl}/; }
  }
}
`,
  );
  const child = spawn(nginx, ["-c", join(dir, "nginx.conf"), "-p", dir, "-g", "daemon off;"], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const origin = `http://127.0.0.1:${port}`;
  while ((await fetch(origin).catch(() => undefined)) === undefined);
  return {
    url: origin + prefix,
    async stop() {
      child.kill("SIGQUIT");
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
