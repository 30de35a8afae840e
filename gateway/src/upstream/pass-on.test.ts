import { describe, expect, test } from "bun:test";
import type { Operation } from "shared/api/operation";
import { gatewayOperations } from "shared/api/operations";
import { toHeaderList, toHeaderPairs } from "shared/http/header-list";
import { HttpRequest } from "shared/http/incoming";
import { createTopology } from "shared/model/regions";
import { z } from "zod";
import { toClientHeaders, toOutgoing, toUpstreamHeaders } from "./pass-on.ts";

const operations: Record<string, Operation> = gatewayOperations(createTopology(["EU"], 1, ["main"]));

/** The request of an operation as it goes on to a ranker. */
function send(
  id: string,
  { path = operations[id]?.path ?? "", method = operations[id]?.method ?? "", headers = {} } = {},
) {
  const operation = operations[id];
  if (operation === undefined) throw new Error(`there is no operation ${id}`);
  const sent = method === "POST" ? { body: "{}", headers: { ...headers, "Content-Length": "2" } } : { headers };
  const request = new Request(`http://here${path}`, { method, ...sent });
  const client = { address: "10.0.0.1", forwardedFor: "10.0.0.1" };
  return toOutgoing(new HttpRequest(request, undefined, { path, params: ["ada"] }, client), operation);
}
const KEY = { "Idempotency-Key": "k" };

describe("which operations may be sent twice, and which leave a doubt when no reply comes:", () => {
  test.each([
    ["a read", "rank", {}, true, false],
    ["a write with a key", "addScore", { headers: KEY }, true, true],
    ["a write without", "addScore", {}, false, true],
    [
      "a key that ended with the connection",
      "addScore",
      { headers: { ...KEY, Connection: "idempotency-key" } },
      false,
      true,
    ],
    ["a registration, although it has a key", "register", { headers: KEY }, false, true],
    ["a login", "login", { headers: KEY }, false, false],
    ["an erasure", "erasePlayer", {}, true, true],
    ["hiding a player", "hidePlayer", {}, true, true],
    ["showing one again", "unhidePlayer", {}, true, true],
    ["renaming one", "renamePlayer", {}, true, true],
    ["an operator's score", "writeScore", {}, false, true],
    ["an operator's score with a key", "writeScore", { headers: KEY }, true, true],
    ["a score for a named player", "submitScoreFor", {}, false, true],
    ["a score for a named player with a key", "submitScoreFor", { headers: KEY }, true, true],
    ["HEAD of a read", "top", { method: "HEAD" }, true, false],
  ])("%s: %s", async (_, id, options: Parameters<typeof send>[1], isRepeatable, isWrite) => {
    const outgoing = await send(id, options);
    expect(outgoing).toMatchObject({ isRepeatable, isWrite });
    expect(outgoing.body.byteLength > 0).toBe(outgoing.method === "POST");
  });
});

test("a body goes on within the bound of its operation, and a larger one is refused", async () => {
  const sent = (bytes: number, bytesMax?: number) => {
    const request = new Request("http://here/score/add", { method: "POST", body: "x".repeat(bytes) });
    const client = { address: "10.0.0.1", forwardedFor: "10.0.0.1" };
    const incoming = new HttpRequest(request, undefined, { path: "/score/add", params: [] }, client);
    const body = { schema: z.strictObject({}), example: {}, ...(bytesMax !== undefined && { bytesMax }) };
    return toOutgoing(incoming, { isWrite: true, repeat: "never", body });
  };
  expect((await sent(16 * 1024)).body.byteLength).toBe(16 * 1024);
  expect((await sent(32 * 1024, 32 * 1024)).body.byteLength).toBe(32 * 1024);
  await expect(sent(16 * 1024 + 1)).rejects.toMatchObject({ code: "body_too_large" });
  await expect(sent(32 * 1024 + 1, 32 * 1024)).rejects.toMatchObject({ code: "body_too_large" });
});

test("path and query go on as they were written", async () => {
  expect((await send("rank", { path: "/rank/%61da?region=%45U" })).target).toBe("/rank/%61da?region=%45U");
});

const known = { target: "/top", requestId: "ours", client: { address: "5.6.7.8", forwardedFor: "1.2.3.4" } };
const sentFor = (headers: Headers) => Object.fromEntries(toHeaderPairs(toUpstreamHeaders({ ...known, headers })));

test("headers of the client's connection end at the gateway", () => {
  const headers = new Headers({
    Connection: "keep-alive, X-Hop, bad name",
    "Keep-Alive": "timeout=5",
    "X-Hop": "1",
    TE: "trailers",
    "Transfer-Encoding": "chunked",
    Upgrade: "h2c",
    "Proxy-Authorization": "Basic YTpi",
    Host: "evil",
    "Content-Length": "5",
    Authorization: "Bearer t",
    traceparent: "00-1-2-01",
    "Idempotency-Key": "k",
    "Accept-Encoding": "br",
    "X-Forwarded-For": "6.6.6.6",
    "X-Request-Id": "theirs",
  });
  expect(sentFor(headers)).toEqual({
    authorization: "Bearer t",
    traceparent: "00-1-2-01",
    "idempotency-key": "k",
    "accept-encoding": "identity",
    "x-request-id": "ours",
    "x-forwarded-for": "1.2.3.4",
    "x-real-ip": "5.6.7.8",
  });
});

test.each([
  "Authorization",
  "Idempotency-Key",
  "Content-Type",
  "X-Forwarded-For",
  "X-Real-IP",
  "X-Request-Id",
  "Host",
  "Cookie",
])("Connection: %s takes that header away at most, never what the gateway says itself", (name) => {
  const headers = new Headers({ Connection: name, [name]: "theirs" });
  expect(sentFor(headers)).toEqual({
    "accept-encoding": "identity",
    "x-request-id": "ours",
    "x-forwarded-for": "1.2.3.4",
    "x-real-ip": "5.6.7.8",
  });
});

test("an answer names its upstream, and loses the headers of the upstream's connection", () => {
  const headers = new Headers({
    Connection: "close",
    "Content-Length": "5",
    Date: "today",
    "Content-Type": "application/json",
    "Retry-After": "1",
    "Idempotent-Replayed": "true",
    "X-Upstream-Addr": "forged",
  });
  expect(toClientHeaders(toHeaderList(headers), "10.0.0.1:5000")).toEqual({
    "content-type": "application/json",
    "retry-after": "1",
    "idempotent-replayed": "true",
    "x-upstream-addr": "10.0.0.1:5000",
  });
});
