import { expect, test } from "bun:test";
import { toHeaderList, toHeaderPairs } from "shared/http/header-list";
import { toClientHeaders, toUpstreamHeaders } from "./headers.ts";

const known = { target: "/top", requestId: "ours", client: { address: "5.6.7.8", forwardedFor: "1.2.3.4" } };
const sentFor = (headers: Headers) => Object.fromEntries(toHeaderPairs(toUpstreamHeaders(headers, known)));

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
