import { describe, expect, test } from "bun:test";
import type { Incoming } from "shared/http/incoming";
import { toOutgoing } from "./outgoing.ts";

/** A request that a router has found a route for, by the decoded path. */
const incoming = (method: string, target: string, headers: Record<string, string> = {}): Incoming => ({
  method,
  target,
  path: decodeURIComponent(target.split("?")[0] ?? ""),
  query: "",
  param: "",
  requestId: "r",
  headers: new Headers(headers),
  body: async () => new Uint8Array([123, 125]),
  trail: { client: "10.0.0.1", forwardedFor: "10.0.0.1" },
});
const KEY = { "Idempotency-Key": "k" };

describe("what may be sent twice, however its path is written:", () => {
  test.each([
    ["a read", "GET", "/rank/ada", {}, true, false],
    ["HEAD of one", "HEAD", "/top", {}, true, false],
    ["a write with a key", "POST", "/score/add", KEY, true, true],
    ["a write without", "POST", "/score/add", {}, false, true],
    [
      "a key that ended with the connection",
      "POST",
      "/score/add",
      { ...KEY, Connection: "idempotency-key" },
      false,
      true,
    ],
    ["a registration, whatever key it has", "POST", "/auth/register", KEY, false, true],
    ["the same, written otherwise", "POST", "/%61uth/register", KEY, false, true],
    ["a login", "POST", "/auth/login", KEY, false, false],
    ["the same, written otherwise", "POST", "/auth/log%69n", KEY, false, false],
    ["an erasure", "DELETE", "/players/ada", {}, true, true],
    ["hiding a player", "POST", "/players/ada/hide", {}, true, true],
    ["the same, written otherwise", "POST", "/players/ada/%68ide", {}, true, true],
    ["showing one again", "POST", "/players/ada/unhide", {}, true, true],
    ["an operator's score", "POST", "/players/ada/score", {}, false, true],
  ])("%s: %s %s", async (_, method, target, headers: Record<string, string>, isRepeatable, isWrite) => {
    const outgoing = await toOutgoing(incoming(method, target, headers));
    expect(outgoing).toMatchObject({ method, target, isRepeatable, isWrite });
    expect(outgoing.body === undefined).toBe(!isWrite && !target.includes("log"));
  });
});

test("path and query go on as they were written", async () => {
  expect((await toOutgoing(incoming("GET", "/rank/%61da?region=%45U"))).target).toBe("/rank/%61da?region=%45U");
});
