import { expect, test } from "bun:test";
import { createLog } from "./log.ts";

function logTo(lines: string[]) {
  return createLog("test", "info", { write: (line) => void lines.push(line) });
}

test("an entry is one JSON object a line, with the service, the level's name and an ISO time", () => {
  const lines: string[] = [];
  logTo(lines).info({ request_id: "abc" }, "hello");
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    ...{ level: "info", service: "test", msg: "hello", request_id: "abc" },
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });
});

test("tokens and passwords never reach the log, also inside of objects", () => {
  const lines: string[] = [];
  const secrets = { token: "t-secret", password: "p-secret", password_hash: "h-secret" };
  const log = logTo(lines);
  log.info(secrets, "flat");
  log.info({ body: secrets, headers: { authorization: "Bearer a-secret", Authorization: "Bearer b-secret" } }, "deep");
  log.info({ request: { headers: { authorization: "Bearer c-secret" } } }, "deeper");
  expect(lines).toHaveLength(3);
  expect(lines.join("")).not.toContain("-secret");
});

test("an error keeps its stack and its cause", () => {
  const lines: string[] = [];
  logTo(lines).error({ err: new Error("outer", { cause: new Error("inner") }) }, "failed");
  expect(lines[0]).toContain("outer");
  expect(lines[0]).toContain("inner");
  expect(lines[0]).toContain("log.test.ts");
});
