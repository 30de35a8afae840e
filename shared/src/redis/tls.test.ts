import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { freePort } from "stack/free-port";
import { makeCertificates } from "testing/certificates";
import { dirForFile } from "testing/for-file";
import { scratchRedis } from "testing/scratch";
import { openTcpProxy } from "testing/tcp-proxy";
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
    const refused = connect(`rediss://:secret@localhost:${port}`);
    await expect(refused).rejects.toThrow("has a certificate that is not trusted (self signed certificate");
    await expect(refused).rejects.toThrow("?ssl_ca_certs=/path/to/ca.pem");
    const redis = await connect(`rediss://:secret@localhost:${port}?ssl_cert_reqs=none`);
    expect(await redis.ping()).toBe("PONG");
  });

  test("of another host's certificate is refused by its name", async () => {
    const port = await startTlsServer();
    const proxy = await openTcpProxy(port);
    closing.push(() => proxy.close());
    await expect(connect(`rediss://:secret@[::ffff:127.0.0.1]:${proxy.port}?ssl_ca_certs=${ca}`)).rejects.toThrow(
      "has the certificate of another host",
    );
  });

  test("at a server without TLS, and redis:// at one with TLS alone, are told by their scheme", async () => {
    const plain = await scratchRedis();
    closing.push(() => plain.dispose());
    await expect(connect(`rediss://localhost:${plain.port}`)).rejects.toThrow("its REDIS_URL begins with redis://");
    const port = await startTlsServer();
    const advice = "its REDIS_URL begins with rediss://";
    await expect(connect(`redis://localhost:${port}`)).rejects.toThrow(advice);
    await expect(connect(`redis://localhost:${port},localhost:${port}`)).rejects.toThrow(advice);
  });

  test("at a server that asks its client for a certificate says so", async () => {
    const port = await startTlsServer(["--tls-auth-clients", "yes"]);
    await expect(connect(`rediss://:secret@localhost:${port}?ssl_ca_certs=${ca}`)).rejects.toThrow(
      "wants a certificate of its client",
    );
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
