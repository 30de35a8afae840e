import { describe, expect, test } from "bun:test";
import type { Operation } from "shared/api/operation";
import { gatewayOperations } from "shared/api/operations";
import { HttpRequest } from "shared/http/incoming";
import { createTopology } from "shared/model/regions";
import { toOutgoing } from "./outgoing.ts";

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
  return toOutgoing(new HttpRequest(request, undefined, { path, param: "ada" }, client), operation);
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
    ["an operator's score", "writeScore", {}, false, true],
    ["an operator's score with a key", "writeScore", { headers: KEY }, true, true],
    ["HEAD of a read", "top", { method: "HEAD" }, true, false],
  ])("%s: %s", async (_, id, options: Parameters<typeof send>[1], isRepeatable, isWrite) => {
    const outgoing = await send(id, options);
    expect(outgoing).toMatchObject({ isRepeatable, isWrite });
    expect(outgoing.body.byteLength > 0).toBe(outgoing.method === "POST");
  });
});

test("path and query go on as they were written", async () => {
  expect((await send("rank", { path: "/rank/%61da?region=%45U" })).target).toBe("/rank/%61da?region=%45U");
});
