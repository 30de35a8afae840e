import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { freePort } from "stack/free-port";
import { openRaw, statusesOf, toLines } from "testing/raw-connection";
import { openEvents } from "testing/services/event-stream";
import { words } from "testing/words";
import { announceWithoutNginx, type NginxUnderTest, nginx, startNginx } from "./nginx-under-test.ts";

announceWithoutNginx("infra/deploy/nginx/nginx.conf was not run");

let ports: number[];
let url: string;
let running: NginxUnderTest | undefined;
beforeAll(async () => {
  if (nginx === undefined) return;
  ports = [await freePort(), await freePort(), await freePort()];
  running = await startNginx(ports);
  url = running.url;
});
afterAll(() => running?.stop());

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

/** Longer than the second in which a client is promised an answer. */
const LATE_MS = 1_100;

interface Arrived {
  gateway: number;
  method: string;
  /** Path and query. */
  url: string;
  body: string;
  headers: Record<string, string>;
}

/**
 * Starts gateways that answer with their index.
 *
 * @returns the requests that reached them, by arrival
 */
function serve(indexes: number[]): Arrived[] {
  const arrived: Arrived[] = [];
  for (const index of indexes) {
    const server = Bun.serve({
      port: ports[index] ?? 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const { pathname, search } = new URL(request.url);
        arrived.push({
          gateway: index,
          method: request.method,
          url: pathname + search,
          body: await request.text(),
          headers: Object.fromEntries(request.headers),
        });
        return Response.json({ gateway: index });
      },
    });
    opened.push(() => server.stop(true));
  }
  return arrived;
}

/** Starts a gateway that reads a request and closes the connection. */
function serveBroken(index: number): Promise<{ requests: number }> {
  const seen = { requests: 0 };
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      seen.requests++;
      socket.destroy();
    });
  });
  opened.push(() => server.close());
  return new Promise((resolve) => server.listen(ports[index], "127.0.0.1", () => resolve(seen)));
}

describe.skipIf(nginx === undefined)("nginx in front of three gateways", () => {
  test("spreads requests over the gateways, with the client's address and request id", async () => {
    const arrived = serve([0, 1, 2]);
    for (let n = 0; n < 9; n++) {
      await fetch(`${url}/top`, { headers: { "X-Forwarded-For": "6.6.6.6", "X-Request-Id": "r-1" } });
    }
    expect(new Set(arrived.map(({ gateway }) => gateway)).size).toBe(3);
    expect(arrived[0]?.headers).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-request-id": "r-1" });
    expect(arrived[0]?.headers.connection ?? "keep-alive").toBe("keep-alive");
  });

  test("gives an id to a request that has none", async () => {
    const arrived = serve([0, 1, 2]);
    await fetch(`${url}/top`);
    expect(arrived[0]?.headers["x-request-id"]).toMatch(/^[0-9a-f]{32}$/);
  });

  test("retries a GET on another gateway when one refuses or breaks the connection", async () => {
    serve([2]);
    await serveBroken(1);
    // nginx tries twice a request, so the first requests may meet both failed gateways before nginx
    // skips them.
    const statuses = [];
    for (let n = 0; n < 8; n++) statuses.push((await fetch(`${url}/top`)).status);
    expect(statuses.slice(3)).toEqual([200, 200, 200, 200, 200]);
  });

  test("retries a GET on another gateway when one hangs", async () => {
    serve([1, 2]);
    let hung = 0;
    const slow = Bun.serve({
      port: ports[0] ?? 0,
      hostname: "127.0.0.1",
      async fetch() {
        hung++;
        await Bun.sleep(LATE_MS);
        return Response.json({ gateway: 0 });
      },
    });
    opened.push(() => slow.stop(true));
    while (hung === 0) {
      const { gateway } = (await (await fetch(`${url}/top`)).json()) as { gateway: number };
      expect(gateway).not.toBe(0);
    }
  });

  test("never sends a POST twice", async () => {
    const arrived = serve([0, 1, 2]);
    // First uses all gateways, so that nginx has another one to retry on.
    while (new Set(arrived.map(({ gateway }) => gateway)).size < 3) await fetch(`${url}/top`);
    for (const close of opened.splice(0)) await close();
    const seen = await Promise.all([0, 1, 2].map(serveBroken));
    const response = await fetch(`${url}/score/add`, { method: "POST", body: '{"delta":1}' });
    expect(seen.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
    expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    const problem = (await response.json()) as { code: string; request_id: string };
    expect(problem).toMatchObject({ code: "outcome_unknown", request_id: response.headers.get("X-Request-Id") });
  });

  test("retries a request that a stopping gateway turned away, POST included, and skips that gateway", async () => {
    const arrived = serve([0, 1]);
    let turnedAway = 0;
    const stopping = Bun.serve({
      port: ports[2] ?? 0,
      hostname: "127.0.0.1",
      fetch({ headers }) {
        turnedAway++;
        return new Response(null, {
          status: headers.get("X-May-Turn-Away") === "1" ? 502 : 200,
          headers: { "X-Turned-Away": "1" },
        });
      },
    });
    opened.push(() => stopping.stop(true));
    const body = '{"delta":1}';
    while (turnedAway === 0) {
      expect((await fetch(`${url}/score/add?a=1`, { method: "POST", body })).status).toBe(200);
      expect(arrived.at(-1)).toMatchObject({ method: "POST", url: "/score/add?a=1", body });
    }
    // nginx skips it for a second; these requests take a small part of that.
    for (let n = 0; n < 9; n++) expect((await fetch(`${url}/top`)).status).toBe(200);
    expect(turnedAway).toBe(1);
  });

  test("retries a POST with an Idempotency-Key unchanged, and answers outcome_unknown only when no gateway answers", async () => {
    const arrived = serve([1, 2]);
    const spare = serve([0]);
    while (spare.length === 0 || new Set(arrived.map(({ gateway }) => gateway)).size < 2) await fetch(`${url}/top`);
    await opened.pop()?.();
    const broken = await serveBroken(0);
    const keyed = { method: "POST", body: '{"delta":1}', headers: { "Idempotency-Key": "match-42" } };
    while (broken.requests === 0) {
      expect((await fetch(`${url}/score/add?a=1`, keyed)).status).toBe(200);
      expect(arrived.at(-1)).toMatchObject({ method: "POST", url: "/score/add?a=1", body: '{"delta":1}' });
      expect(arrived.at(-1)?.headers).toMatchObject({ "idempotency-key": "match-42", "x-forwarded-for": "127.0.0.1" });
    }
    for (const close of opened.splice(0)) await close();
    const unknown = await fetch(`${url}/score/add`, keyed);
    expect([unknown.status, await unknown.json()]).toMatchObject([503, { code: "outcome_unknown" }]);
  });

  test("answers a read with unavailable when no gateway answers, and replaces a malformed request id", async () => {
    const response = await fetch(`${url}/top`, { headers: { "X-Request-Id": 'a"b' } });
    const problem = (await response.json()) as { request_id: string };
    expect(problem).toMatchObject({ status: 503, code: "unavailable" });
    expect(problem.request_id).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([
    ["", ""],
    [", also where nginx compresses", "gzip on; gzip_proxied any; gzip_types *; gzip_min_length 1;"],
  ])("forwards each event of a live stream at once%s", async (_, directives) => {
    let at = url;
    if (directives !== "") {
      const front = await startNginx(ports, directives);
      opened.push(() => front.stop());
      at = front.url;
    }
    const seen = Promise.withResolvers<void>();
    async function* events() {
      yield 'event: first\ndata: "a"\n\n';
      await seen.promise;
      yield 'event: second\ndata: "b"\n\n';
    }
    for (const index of [0, 1, 2]) {
      const headers = { "Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform" };
      const fetch = () => new Response(events, { headers });
      const server = Bun.serve({ port: ports[index] ?? 0, hostname: "127.0.0.1", fetch });
      opened.push(() => server.stop(true));
    }
    let stream = await openEvents(`${at}/live?limit=5`);
    while (stream.response.status !== 200) stream = await openEvents(`${at}/live?limit=5`);
    expect(stream.response.headers.get("Content-Encoding")).toBeNull();
    expect((await stream.next())?.event).toBe("first");
    seen.resolve();
    expect((await stream.next())?.event).toBe("second");
    expect(await stream.next()).toBeUndefined();
  });

  test("answers 404 to /metrics", async () => {
    const arrived = serve([0, 1, 2]);
    const response = await fetch(`${url}/metrics`);
    expect([response.status, await response.json()]).toMatchObject([404, { code: "not_found" }]);
    expect(arrived).toEqual([]);
  });

  const ask = (target: string) =>
    openRaw(Number(new URL(url).port), toLines(`GET ${target} HTTP/1.1`, "Host: x", "Connection: close", "")).ended;

  const spellings = words`/.\metrics /./metrics /%2e/metrics /%2E\metrics /x/../metrics /x\..\metrics /x/..\metrics
    /x/%2e%2e/metrics /x/.%2e/metrics /x/%2E./metrics /metrics/. /x\%2e%2e\metrics /\metrics /.\players/ada
    /top\..\players/ada /top/../players/ada /players\ada /players/.\ada /metrics#x /top#/metrics /x/..%2fmetrics
    /x%2F..%2Fplayers/ada /.%5cmetrics /. http://x/.\metrics http://x/x/../metrics //./metrics /x/..?/metrics`;
  test.each(spellings)("refuses a path that gateways would interpret differently: %s", async (target) => {
    const arrived = serve([0, 1, 2]);
    const received = await ask(target);
    expect(statusesOf(received)).toEqual([400]);
    expect(received).toInclude("application/problem+json");
    expect(JSON.parse(received.slice(received.indexOf("{")))).toMatchObject({ status: 400, code: "invalid_request" });
    expect(arrived).toEqual([]);
  });

  test.each(["/rank/ada?a=/../b\\c&d=%2f%2e", "/rank/a.b", "/.env", "/rank/%41da", "/docs/start.js"])(
    "forwards dots and percent signs in other places unchanged: %s",
    async (target) => {
      const arrived = serve([0, 1, 2]);
      expect(statusesOf(await ask(target))).toEqual([200]);
      expect(arrived.map((each) => each.url)).toEqual([target]);
    },
  );

  test("lets the gateways refuse a body of up to 64 KiB, and refuses a larger one itself", async () => {
    const arrived = serve([0, 1, 2]);
    let status = 0;
    while (status !== 200) {
      status = (await fetch(`${url}/score/add`, { method: "POST", body: "x".repeat(17 * 1024) })).status;
    }
    expect(arrived.at(-1)?.headers["content-length"]).toBe(String(17 * 1024));
    const refused = await fetch(`${url}/score/add`, { method: "POST", body: "x".repeat(65 * 1024) });
    const said = { code: "body_too_large", detail: expect.stringContaining("16384") };
    expect([refused.status, await refused.json()]).toMatchObject([413, said]);
  });

  test.each([{}, { "Idempotency-Key": "match-42" }])(
    "passes 3 MiB on to /scores alone, with headers %j",
    async (headers) => {
      const arrived = serve([0, 1, 2]);
      const body = "x".repeat(3 * 1024 * 1024);
      const chunked = () => new Blob([body]).stream();
      for (const sent of [body, chunked()]) {
        while ((await fetch(`${url}/scores`, { method: "POST", body: sent, headers })).status !== 200);
        expect(arrived.at(-1)?.body.length).toBe(body.length);
      }
      const refused = await fetch(`${url}/scores`, { method: "POST", body: body + body, headers });
      const said = { code: "body_too_large", detail: expect.stringContaining("3145728") };
      expect([refused.status, await refused.json()]).toMatchObject([413, said]);
      expect((await fetch(`${url}/score`, { method: "POST", body, headers })).status).toBe(413);
    },
  );
});
