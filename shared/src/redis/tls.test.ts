import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { freePort } from "stack/free-port";
import { makeCertificates } from "testing/certificates";
import { dirForFile } from "testing/for-file";
import { scratchRedis } from "testing/scratch";
import { createLog } from "../log/log.ts";
import { redisUrl } from "../service/environment.ts";
import { awaitReady, connectRedis, type Redis } from "./redis.ts";

const dir = await dirForFile();
const { ca, cert, key } = await makeCertificates(dir);
const log = createLog("test", "silent");

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that speaks TLS on the returned port alone. */
async function startTlsServer(args: string[] = []): Promise<number> {
  const port = await freePort();
  const tls = ["--tls-port", `${port}`, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca];
  const server = await scratchRedis(tls.concat(["--tls-auth-clients", "no", "--requirepass", "secret"], args));
  closing.push(() => server.dispose());
  return port;
}

async function connect(url: string): Promise<Redis> {
  const redis = connectRedis({ url, name: "test", log });
  closing.push(() => redis.disconnect());
  await awaitReady(redis, 1_500);
  return redis;
}

describe("rediss://", () => {
  test("is verified by the authority that the URL names, as one server and as a cluster", async () => {
    const port = await startTlsServer();
    const redis = await connect(`rediss://:secret@localhost:${port}?ssl_ca_certs=${ca}`);
    expect(await redis.ping()).toBe("PONG");
    const ports = ["--cluster-enabled", "yes", "--cluster-port", `${await freePort()}`, "--tls-cluster", "yes"];
    const node = await startTlsServer(ports.concat(["--cluster-announce-ip", "127.0.0.1"]));
    const maker = await connect(`rediss://:secret@127.0.0.1:${node}?ssl_ca_certs=${ca}`);
    await maker.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
    while (!String(await maker.call("CLUSTER", "INFO")).includes("cluster_state:ok"));
    const cluster = await connect(`rediss://:secret@127.0.0.1:${node}?ssl_ca_certs=${ca},127.0.0.1:${node}`);
    expect(await cluster.set("key", "1")).toBe("OK");
  });

  test("is refused without that authority, unless the URL asks for no verification", async () => {
    const port = await startTlsServer();
    await expect(connect(`rediss://:secret@localhost:${port}`)).rejects.toThrow("did not answer");
    const redis = await connect(`rediss://:secret@localhost:${port}?ssl_cert_reqs=none`);
    expect(await redis.ping()).toBe("PONG");
  });
});

test.each([
  ["rediss://a?ssl_cert_reqs=sometimes", /must have ssl_cert_reqs=required or ssl_cert_reqs=none/],
  ["redis://a?ssl_cert_reqs=none", /has ssl_cert_reqs, which needs rediss:/],
  ["rediss://a?ssl_ca_certs=/no/such/file", /names a file in ssl_ca_certs that cannot be read/],
  [`rediss://a?ssl_ca_certs=${join(import.meta.dir, "../../package.json")}`, /no certificate in PEM/],
])("%s is refused with what is wrong", (url, message) => {
  expect(redisUrl.safeParse(url).error?.issues[0]?.message).toMatch(message);
});
