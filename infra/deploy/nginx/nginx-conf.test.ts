import { expect, test } from "bun:test";
import { toNginxConf } from "./nginx-conf.ts";
import { nginx, startNginx } from "./nginx-under-test.ts";

const settings = { port: 8080, gateways: ["127.0.0.1:4000"], dir: "/tmp/nginx" };

test.each([
  [1_024, ["worker_rlimit_nofile 1024;", "worker_connections 1024;"]],
  [20_000, ["worker_rlimit_nofile 20000;", "worker_connections 16384;"]],
  [Number.POSITIVE_INFINITY, ["worker_rlimit_nofile 65536;", "worker_connections 16384;"]],
])("where the system allows %p open files, nginx asks for no more", async (openFilesMax, directives) => {
  const conf = await toNginxConf({ ...settings, openFilesMax });
  expect([...(conf.match(/worker_(?:rlimit|conn)\w+ \w+;/g) ?? [])]).toEqual(directives);
});

test.skipIf(nginx === undefined)("nginx starts on this machine without an alert", async () => {
  const running = await startNginx([1]);
  const log = running.log();
  await running.stop();
  expect(log).not.toContain("[alert]");
});
