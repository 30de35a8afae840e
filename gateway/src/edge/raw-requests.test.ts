import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { freePort } from "stack/free-port";
import { openRaw, statusesOf, toLines } from "testing/raw-connection";
import { type ServiceUnderTest, startService } from "testing/services/service-under-test";
import { type RecordingRanker, startRecordingRanker } from "../../test/recording-ranker.ts";

let ranker: RecordingRanker;
let gateway: ServiceUnderTest;
beforeAll(async () => {
  ranker = await startRecordingRanker();
  gateway = await startService("gateway", {
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    LEADERBOARD_SERVICE_URLS: ranker.url,
    RATE_ADDRESS_PER_SECOND: "1000",
    RATE_ADDRESS_BURST: "1000",
  });
});
afterAll(async () => {
  await gateway.stop();
  await ranker.close();
});
beforeEach(() => {
  ranker.requests.length = 0;
});

const open = (bytes: string, port = gateway.port) => openRaw(port, bytes);

/**
 * A login, which the gateway forwards without a token: what a parser let through by mistake would
 * reach the ranker.
 */
const login = (headers: string[], body = "") =>
  `${toLines("POST /auth/login HTTP/1.1", "Host: x", ...headers, "")}${body}`;
const top = (...headers: string[]) => toLines("GET /top HTTP/1.1", ...headers, "");
const chunked = (body: string) => login(["Transfer-Encoding: chunked"], body);
const last = "Connection: close";
const smuggled = top("Host: x");

describe("refused before our code, with the connection closed and nothing forwarded", () => {
  test.each([
    [
      "Content-Length and Transfer-Encoding",
      400,
      login(["Content-Length: 4", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    ],
    [
      "Transfer-Encoding and Content-Length, another request in the body",
      400,
      login(["Transfer-Encoding: chunked", "Content-Length: 60"], `0\r\n\r\n${smuggled}`),
    ],
    ["two Content-Lengths", 400, login(["Content-Length: 2", "Content-Length: 40"], `{}${smuggled}`)],
    ["a list of Content-Lengths", 400, login(["Content-Length: 2, 2"], "{}")],
    ["a Content-Length with a plus", 400, login(["Content-Length: +2"], "{}")],
    ["a negative Content-Length", 400, login(["Content-Length: -2"], "{}")],
    ["a hexadecimal Content-Length", 400, login(["Content-Length: 0x2"], "{}")],
    ["an empty Content-Length", 400, login(["Content-Length: "], "{}")],
    ["a Content-Length beyond 64 bits", 400, login(["Content-Length: 99999999999999999999"], "{}")],
    ["a Content-Length of 5 MiB", 413, login(["Content-Length: 5242880"], "{}")],
    ["an unknown transfer coding", 400, login(["Transfer-Encoding: xchunked"], "0\r\n\r\n")],
    ["a transfer coding before chunked", 400, login(["Transfer-Encoding: gzip, chunked"], "0\r\n\r\n")],
    ["chunked behind a vertical tab", 400, login(["Transfer-Encoding: \x0bchunked"], "0\r\n\r\n")],
    ["two Transfer-Encodings", 400, login(["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], "0\r\n\r\n")],
    [
      "Transfer-Encoding in HTTP/1.0",
      400,
      toLines("POST /auth/login HTTP/1.0", "Host: x", "Transfer-Encoding: chunked", "", "0", ""),
    ],
    ["a folded line", 400, top("Host: x", "X-A: b", " c")],
    ["a folded line, with a tab", 400, top("Host: x", "X-A: b", "\tc")],
    ["a folded first line", 400, top(" X-A: b", "Host: x")],
    ["a bare LF between headers", 400, "GET /top HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n"],
    ["a bare LF at the end", 400, "GET /top HTTP/1.1\r\nHost: x\r\n\n"],
    ["a bare CR in a header", 400, top("Host: x", "X-A: b\rX-B: c")],
    ["a space before a colon", 400, login(["Content-Length : 2"], "{}")],
    ["a line without a colon", 400, top("Host: x", "X-A")],
    ["a header without a name", 400, top("Host: x", ": b")],
    ["NUL in a header's value", 400, top("Host: x", "X-A: b\0c")],
    ["NUL in a header's name", 400, top("Host: x", "X-\0A: b")],
    ["no Host", 400, top("X-A: b")],
    ["a header of 64 KiB", 431, top("Host: x", `X-A: ${"a".repeat(65_536)}`)],
    ["a thousand headers", 431, top("Host: x", ...Array.from({ length: 1000 }, (_, n) => `X-${n}: ${"a".repeat(58)}`))],
    ["a target of 64 KiB", 431, toLines(`GET /top?${"a".repeat(65_536)} HTTP/1.1`, "Host: x", "")],
    ["a target that is no path", 400, toLines("GET top HTTP/1.1", "Host: x", "")],
    ["the target *", 400, toLines("OPTIONS * HTTP/1.1", "Host: x", "")],
    ["what is no HTTP", 400, "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"],
    ["a chunk of size zz", 400, chunked("zz\r\n{}\r\n0\r\n\r\n")],
    ["a chunk of negative size", 400, chunked("-2\r\n{}\r\n0\r\n\r\n")],
    ["a chunk of size +2", 400, chunked("+2\r\n{}\r\n0\r\n\r\n")],
    ["a chunk of size 0x2", 400, chunked("0x2\r\n{}\r\n0\r\n\r\n")],
    ["a chunk without a size", 400, chunked("\r\n{}\r\n0\r\n\r\n")],
    ["a chunk beyond 64 bits", 400, chunked("ffffffffffffffffff\r\n{}\r\n0\r\n\r\n")],
    ["a chunk longer than its size", 400, chunked("2\r\n{}x\r\n0\r\n\r\n")],
    ["chunks with a bare LF", 400, chunked("2\n{}\n0\n\n")],
  ])("%s: %i", async (_, status, bytes) => {
    expect(statusesOf(await open(bytes).ended)).toEqual([status]);
    expect(ranker.requests).toEqual([]);
  });

  // HTTP's word for a version that is none, which is what Bun makes of a request line that it
  // cannot cut in three.
  test.each([
    ["a bare LF behind the request line", "GET /top HTTP/1.1\nHost: x\n\n"],
    ["NUL in the target", toLines("GET /top\0 HTTP/1.1", "Host: x", "")],
    ["a space in the target", toLines("GET /top /rank/ada HTTP/1.1", "Host: x", "")],
    ["HTTP/2.0", toLines("GET /top HTTP/2.0", "Host: x", "")],
    ["HTTP/0.9", toLines("GET /top")],
  ])("%s: 505", async (_, bytes) => {
    expect(statusesOf(await open(bytes).ended)).toEqual([505]);
    expect(ranker.requests).toEqual([]);
  });

  test.each(["BREW", "get"])("the method %s: no answer", async (method) => {
    expect(await open(toLines(`${method} /top HTTP/1.1`, "Host: x", "")).ended).toBe("");
    expect(ranker.requests).toEqual([]);
  });
});

// Bun ends a connection that sends on before it has its answer, and may have begun the first
// request by then: it is as if the client had gone away.
describe("bytes behind a whole request are never sent on, and the request itself at most once", () => {
  const body = login(["Content-Length: 2"], "{}");

  test.each([
    ["logins and a read", body + smuggled + body, []],
    ["reads", smuggled.repeat(3), []],
    ["trailers", chunked("2\r\n{}\r\n0\r\nX-User-Id: eve\r\n\r\n"), [400]],
    ["what is no request", `${body}0\r\n\r\n`, [400]],
  ])("%s", async (_, bytes, statuses) => {
    expect(statusesOf(await open(bytes).ended)).toEqual(statuses);
    await open(top("Host: x", last, "X-Request-Id: afterwards")).ended; // through the same ranker, behind all others
    const arrived = ranker.requests.filter((request) => !request.includes("afterwards"));
    expect(arrived.length).toBeLessThan(2);
    for (const request of arrived) {
      expect(request).toStartWith(bytes.split(" HTTP", 1)[0] ?? "");
      expect(request).not.toInclude("eve");
    }
  });
});

describe("refused by us, with a problem document and the connection closed", () => {
  test.each([
    ["the same Host twice", top("Host: x", "Host: x")],
    ["two Hosts", top("Host: x", "Host: y")],
    ["an empty Host twice", top("Host: ", "Host: ")],
    ["an empty Host beside another", top("Host: ", "Host: x")],
    ["a Host with a path", top("Host: x/score/add?")],
    ["a Host with a user", top("Host: user:secret@x")],
    ["a Host with a space", top("Host: a b")],
    ["CONNECT in HTTP/1.0", toLines("CONNECT evil:80 HTTP/1.0", "")],
    ["CONNECT", toLines("CONNECT evil:80 HTTP/1.1", "Host: x", "")],
    // Without the refusal the route would be read from behind the "://".
    ["a path inside a query, and no usable Host", toLines("GET /nothing?a=b://c/top HTTP/1.1", "Host: a b", "")],
    ["a path inside a query, to /metrics", toLines("GET /nothing?a=b://c/metrics HTTP/1.1", "Host: a b", "")],
    ["the same Content-Length twice", login(["Content-Length: 2", "Content-Length: 2"], "{}")],
  ])("%s", async (_, bytes) => {
    const received = await open(bytes).ended;
    expect(statusesOf(received)).toEqual([400]);
    expect(received).toInclude("application/problem+json");
    expect(received).toInclude('"code":"invalid_request"');
    expect(ranker.requests).toEqual([]);
  });
});

describe("HTTP/1.0 without Host is a request for the path", () => {
  const ask = (method: string, target: string, headers: string[] = [], body = "") =>
    open(`${toLines(`${method} ${target} HTTP/1.0`, ...headers, "")}${body}`).ended;

  test("GET /ready, which is the check of HAProxy, is answered and the connection closed", async () => {
    const received = await ask("GET", "/ready");
    expect(statusesOf(received)).toEqual([200]);
    expect(received).toInclude('"status":"ready"');
  });

  test.each(["HTTP/1.0", "HTTP/1.1"])(
    "an empty Host is as none, also in %s, and a path inside a query stays there",
    async (version) => {
      for (const target of ["/ready", "/ready?a=b://c/top"]) {
        const received = await open(toLines(`GET ${target} ${version}`, "Host: ", "Connection: close", "")).ended;
        expect(statusesOf(received)).toEqual([200]);
        expect(received).toInclude('"status":"ready"');
      }
      const read = await open(toLines(`GET /top ${version}`, "Host:", "Connection: close", "")).ended;
      expect(statusesOf(read)).toEqual([200]);
      expect(ranker.requests).toHaveLength(1);
    },
  );

  test("HEAD, OPTIONS and a path with a query or a host of its own find their routes", async () => {
    expect(statusesOf(await ask("HEAD", "/health"))).toEqual([200]);
    expect(statusesOf(await ask("OPTIONS", "/ready"))).toEqual([405]);
    expect(statusesOf(await ask("GET", "/ready?a=b://c/top"))).toEqual([200]);
    expect(statusesOf(await ask("GET", "http://x/ready"))).toEqual([200]);
    expect(ranker.requests).toEqual([]);
  });

  test("a body is read and sent on", async () => {
    expect(statusesOf(await ask("POST", "/auth/login", ["Content-Length: 2"], "{}"))).toEqual([200]);
    const { line, body } = arrivedOnce();
    expect([line, body]).toEqual(["POST /auth/login HTTP/1.1", "{}"]);
  });

  // The path is never looked for behind a "://".
  test.each(["/nothing?a=b://c/top", "/b://c/top", "//c/top", "/a/b/c/d/e", "/link"])(
    "%s is not found",
    async (target) => {
      expect(statusesOf(await ask("GET", target))).toEqual([404]);
      expect(ranker.requests).toEqual([]);
    },
  );

  test.each(["/x/../ready", "/.\\ready", "/%2e/ready", "/a//../../top", "/ready#x"])(
    "%s is refused",
    async (target) => {
      const received = await ask("GET", target);
      expect(statusesOf(received)).toEqual([400]);
      expect(received).toInclude('"field":"path"');
    },
  );
});

/**
 * Spellings that Bun's URL reads as this path; a proxy that decides by path reads most of them as
 * another one.
 */
const spellingsOf = (path: string) => {
  const [first = "", ...rest] = path.slice(1).split("/");
  const behind = rest.map((segment) => `/${segment}`).join("");
  return [
    `/./${first}`,
    `/.\\${first}`,
    `/%2e/${first}`,
    `/%2E\\${first}`,
    `/x/../${first}`,
    `/x\\..\\${first}`,
    `/x/..\\${first}`,
    `/x/%2e%2e/${first}`,
    `/x/.%2E/${first}`,
    `/x/%2e./${first}`,
    `/x\\%2e%2e/${first}`,
    `/../${first}`,
    `/..\\${first}`,
    `/a/b/../../${first}`,
    `/a/b/c/d/../../../../${first}`,
    `/a//../../${first}`,
  ].map((spelling) => spelling + behind);
};

describe("a path that two readers understand differently is refused, with a problem document", () => {
  test.each([
    ...spellingsOf("/metrics"),
    ...spellingsOf("/health"),
    ...spellingsOf("/top"),
    ...spellingsOf("/rank/ada"),
    ...spellingsOf("/players/ada"),
    ...spellingsOf("/link"),
    "/rank\\ada",
    "/rank/.\\ada",
    "/rank/x/../ada",
    "/rank/x\\..\\ada",
    "/players\\ada",
    "/players/x/..\\ada",
    "/rank/.",
    "/rank/..",
    "/rank/%2e",
    "/top/.",
    "/top/..",
    "/.",
    "/..",
    "/%2e%2e",
    "/\\",
    "/\\top",
    "/top\\",
    "/rank/a%5cb",
    "/.%5cmetrics",
    "/metrics#x",
    "/top#",
    "/rank/ada#/../x",
    "/rank/a%23b",
    "http://x/./top",
    "http://x/.\\top",
    "/top/../top?limit=5",
    "/rank/../top?limit=5",
  ])("%s", async (target) => {
    const received = await open(toLines(`GET ${target} HTTP/1.1`, "Host: x", last, "")).ended;
    expect(statusesOf(received)).toEqual([400]);
    expect(received).toInclude('"code":"invalid_request"');
    expect(ranker.requests).toEqual([]);
  });

  test.each([
    "/nothing",
    "/top/",
    "//top",
    "//",
    "/rank/ada/",
    "/a/b/c/d/e",
    "/rank/%41%2fb%2f..%2fc/d",
    "/...",
    "/.env",
    "/x/...",
    "/x/..;/top",
    "/%zz",
    "/%ff",
    "/%00",
    "/%252e%252e/top",
  ])("%s is no such path: it is not found", async (target) => {
    const received = await open(toLines(`GET ${target} HTTP/1.1`, "Host: x", last, "")).ended;
    expect(statusesOf(received)).toEqual([404]);
  });

  test("dots, backslashes and slashes in a query are the query's own", async () => {
    const received = await open(toLines("GET /rank/ada?a=/../b\\..\\c#d HTTP/1.1", "Host: x", last, "")).ended;
    expect(statusesOf(received)).toEqual([200]);
    expect(ranker.requests).toHaveLength(1);
    expect(ranker.requests[0]).toStartWith("GET /rank/ada?a=/../b\\..\\c HTTP/1.1\r\n");
  });
});

/** The one request that the ranker was sent, in parts. */
function arrivedOnce(): { line: string; headers: string[]; body: string } {
  expect(ranker.requests).toHaveLength(1);
  const [head = "", body = ""] = (ranker.requests[0] ?? "").split("\r\n\r\n");
  const [line = "", ...headers] = head.split("\r\n");
  return { line, headers: headers.map((each) => each.toLowerCase()), body };
}

const ofName = (headers: string[], name: string) => headers.filter((each) => each.startsWith(`${name}:`));

describe("answered, and sent on as one request of the gateway's own framing", () => {
  test.each([
    ["a body with its length", login([last, "Content-Length: 2"], "{}")],
    ["a chunked body", login([last, "Transfer-Encoding: chunked"], "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")],
    ["a chunk extension", login([last, "Transfer-Encoding: chunked"], "2;a=b\r\n{}\r\n0\r\n\r\n")],
    ["Chunked", login([last, "Transfer-Encoding: Chunked"], "2\r\n{}\r\n0\r\n\r\n")],
    ["an expectation of 100", login([last, "Expect: 100-continue", "Content-Length: 2"], "{}")],
    [
      "an upgrade that the gateway does not offer",
      login(["Upgrade: h2c", "Connection: upgrade, close", "Content-Length: 2"], "{}"),
    ],
  ])("%s", async (_, bytes) => {
    expect(statusesOf(await open(bytes).ended).filter((status) => status !== 100)).toEqual([200]);
    const { line, headers, body } = arrivedOnce();
    expect([line, body]).toEqual(["POST /auth/login HTTP/1.1", "{}"]);
    expect(ofName(headers, "content-length")).toEqual(["content-length: 2"]);
    expect(ofName(headers, "host")).toEqual([`host: ${new URL(ranker.url).host}`]);
    for (const name of ["transfer-encoding", "expect", "upgrade"]) expect(ofName(headers, name)).toEqual([]);
  });

  test.each([
    ["an absolute target, whose host is not read", "http://evil.example/top?limit=5"],
    ["an origin target", "/top?limit=5"],
    ["a fragment", "/top?limit=5#/score/add"],
  ])("%s", async (_, target) => {
    expect(statusesOf(await open(toLines(`GET ${target} HTTP/1.1`, "Host: x", last, "")).ended)).toEqual([200]);
    const { line, headers } = arrivedOnce();
    expect(line).toBe("GET /top?limit=5 HTTP/1.1");
    expect(ofName(headers, "host")).toEqual([`host: ${new URL(ranker.url).host}`]);
  });

  test("percent-encoding reaches the ranker as it was written", async () => {
    await open(toLines("GET /rank/%41%2fb?a=%00%ff%zz&b=+%20 HTTP/1.1", "Host: x", last, "")).ended;
    expect(arrivedOnce().line).toBe("GET /rank/%41%2fb?a=%00%ff%zz&b=+%20 HTTP/1.1");
  });

  test("a GET with a body: the body stays here", async () => {
    await open(top("Host: x", last, "Content-Length: 44") + smuggled).ended;
    const { headers, body } = arrivedOnce();
    expect([body, ...ofName(headers, "content-length"), ...ofName(headers, "transfer-encoding")]).toEqual([""]);
  });

  test("bytes beyond ASCII in a header do not break its line", async () => {
    await open(toLines("GET /rank/ada HTTP/1.1", "Host: x", last, "X-A: b\xffc\x7fd\x85e", "")).ended;
    const { headers } = arrivedOnce();
    expect(ofName(headers, "x-a")).toHaveLength(1);
    expect(headers.filter((each) => !/^[a-z0-9-]+: /.test(each))).toEqual([]);
  });

  test.each([
    ["stated", login(["Content-Length: 20000"], "x".repeat(20_000))],
    ["chunked", chunked(`4e20\r\n${"x".repeat(20_000)}\r\n0\r\n\r\n`)],
  ])("after a body that is too large, %s, the connection goes on with the next request", async (_, bytes) => {
    const { socket, ended } = open(bytes);
    await once(socket, "data");
    socket.write(top("Host: x", last));
    expect(statusesOf(await ended)).toEqual([413, 200]);
    expect(arrivedOnce().line).toBe("GET /top HTTP/1.1");
  });
});

test("HEAD states the length that GET has and sends no body, from gateway and ranker alike", async () => {
  for (const [path, status] of [
    ["/top", 200],
    ["/health", 200],
    ["/nothing", 404],
    ["/score/add", 405],
  ] as const) {
    const ask = (method: string) =>
      open(toLines(`${method} ${path} HTTP/1.1`, "Host: x", "X-Request-Id: r", last, "")).ended;
    const [head, get] = [await ask("HEAD"), await ask("GET")];
    const length = (received: string) => /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
    expect([path, statusesOf(head), statusesOf(get)]).toEqual([path, [status], [status]]);
    expect(head.split("\r\n\r\n")).toEqual([expect.any(String), ""]);
    // "HEAD" is one letter longer in the words of an error.
    if (status === 200) expect([path, length(head)]).toEqual([path, length(get)]);
  }
});

describe("a head that Bun reads and a ranker's would not is head_too_large, here", () => {
  test.each([
    ["bytes", top("Host: x", last, `X-A: ${"a".repeat(16_000)}`)],
    ["bytes of the query", toLines(`GET /top?${"a".repeat(16_000)} HTTP/1.1`, "Host: x", last, "")],
    [
      "bytes that grow when they are encoded",
      toLines(`GET /top?${"\xff".repeat(8_000)} HTTP/1.1`, "Host: x", last, ""),
    ],
    ["lines", top("Host: x", last, ...Array.from({ length: 180 }, (_, n) => `X-${n}: 1`))],
  ])("%s", async (_, bytes) => {
    const received = await open(bytes).ended;
    expect([statusesOf(received), received.includes('"code":"head_too_large"')]).toEqual([[431], true]);
    expect(ranker.requests).toEqual([]);
  });
});

test("a client that goes away in the middle of a body causes no request to a ranker and no error", async () => {
  const loggedBefore = gateway.lines.length;
  const { socket, ended } = open(login(["X-Request-Id: gone", "Content-Length: 50"], '{"user_id":'));
  socket.end();
  await ended;
  const entry = () => gateway.lines.slice(loggedBefore).find((line) => line.includes('"request_id":"gone"'));
  while (entry() === undefined) await Bun.sleep(5);
  expect(JSON.parse(entry() ?? "")).toMatchObject({ level: "info", msg: "request", status: 400 });
  expect(ranker.requests).toEqual([]);
});

/** Writes a byte every now and then, for as long as the connection lasts. */
function drip(bytes: string, piece: string, port = gateway.port): Promise<string> {
  const { socket, ended } = open(bytes, port);
  const timer = setInterval(() => socket.write(piece), 200);
  return ended.finally(() => clearInterval(timer));
}

test("slow clients lose their connection, nothing of their requests is sent on, and other clients are served meanwhile", async () => {
  const keeping = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 4, fetch: () => new Response("{}") });
  const bodies = [
    drip(login(["Content-Length: 1000"]), " "),
    drip(chunked(""), "1\r\n \r\n"),
    open(login(["Content-Length: 1000"], "{}")).ended,
    open(chunked("ffff\r\n{}")).ended,
    open(login(["Expect: 100-continue", "Content-Length: 1000"])).ended,
  ];
  const heads = [
    open("").ended,
    drip("GET /top?", "a"),
    drip(`${toLines("GET /top HTTP/1.1", "Host: x")}X-A: `, "a"),
    drip(toLines("GET /top HTTP/1.1", "Host: x"), "X-A: b\r\n"),
    // HTTP_IDLE_TIMEOUT_SECONDS ends a kept connection: here it is 4, to see that a byte which
    // arrives does not begin it again.
    drip(`${smuggled}GET /top?`, "a", keeping.port),
  ];
  let slow = bodies.length + heads.length;
  for (const each of [...bodies, ...heads]) void each.then(() => slow--);
  let served = 0;
  while (slow > 0) {
    const response = await fetch(`${gateway.url}/top`);
    expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
    served++;
    await Bun.sleep(20);
  }
  for (const received of await Promise.all(bodies)) {
    expect(statusesOf(received).filter((status) => status !== 100)).toEqual([408]);
    expect(received).toInclude('"code":"request_timeout"');
  }
  expect((await Promise.all(heads)).map(statusesOf)).toEqual([[], [], [], [], [200]]);
  expect(served).toBeGreaterThan(100);
  expect(ranker.requests.every((request) => request.startsWith("GET /top "))).toBe(true);
  expect(ranker.requests).toHaveLength(served);
  await keeping.stop(true);
}, 30_000);
