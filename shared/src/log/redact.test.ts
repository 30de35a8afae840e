import { expect, test } from "bun:test";
import { redact, redactBytes, toLoggedError } from "./redact.ts";

const HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
const TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";

test.each([
  ["an account's event", JSON.stringify({ user_id: "ann", password_hash: HASH })],
  ["the event of a guest", JSON.stringify({ user_id: "ann", device_hash: HASH })],
  ["an event that is cut off inside the hash", `{"user_id":"ann","password_hash":"${HASH.slice(0, 30)}`],
  ["an event with spaces", `{"user_id":"ann", "password_hash" : "${HASH}"}`],
  ["an event with an escaped hash", `{"user_id":"ann","password_hash":"${HASH.replaceAll("$", "\\u0024")}"}`],
  ["an event with the hash in another field", JSON.stringify({ user_id: "ann", name: HASH })],
  ["an event that is not JSON", `user_id ann ${HASH}`],
])("%s is shown without the hash and otherwise whole", (_, event) => {
  for (const shown of [redact(event), Buffer.from(redactBytes(Buffer.from(event)), "base64").toString()]) {
    expect(shown).toContain("ann");
    expect(shown).not.toMatch(/argon2|c2FsdA|19456/);
  }
});

test("an event without a hash is shown unchanged", () => {
  const event = JSON.stringify({ user_id: "ann", name: 'A "quoted" $name', score: "5" });
  expect(redact(event)).toBe(event);
  const raw = Buffer.from([0x7b, 0xff, 0x00]);
  expect(redactBytes(raw)).toBe(raw.toString("base64"));
});

test("an error is logged with its type, message, stack, code and cause only", () => {
  class ReplyError extends Error {}
  const cause = Object.assign(new ReplyError("OOM"), { command: { name: "evalsha", args: [HASH] } });
  const error = Object.assign(new TypeError("failed", { cause }), { code: "23505", detail: HASH, parameters: [HASH] });
  expect(toLoggedError(error)).toEqual({
    type: "TypeError",
    message: "failed",
    stack: expect.stringContaining("redact.test.ts"),
    code: "23505",
    cause: { type: "ReplyError", message: "OOM", stack: expect.any(String) },
  });
});

test.each([
  ["a hash", `could not write ${HASH} there`],
  ["the hash of an event", `{"password_hash":"${HASH.replaceAll("$", "\\u0024")}"}`],
  ["a token", `401 for Bearer ${TOKEN} there`],
  ["a token that is cut off", `401 for Bearer ${TOKEN.slice(0, 25)}`],
  ["the password of a URL", "no route to redis://user:aGFzaA@redis.example:6379 there"],
])("%s in a message, a stack, a cause or a thrown text does not reach the log", (_, text) => {
  const error = new AggregateError([new Error(text)], text, { cause: new Error(text) });
  const logged = JSON.stringify([toLoggedError(error), toLoggedError(text)]);
  expect(logged).not.toMatch(/argon2|c2FsdA|aGFzaA|eyJhbGci|u0024/);
});

test("a logged error is bounded in size, for any message and any depth of causes", () => {
  const endless: { cause?: unknown } = new Error("x".repeat(1_000_000));
  endless.cause = endless;
  const many = new AggregateError(
    Array.from({ length: 10_000 }, () => endless),
    "many",
    { cause: endless },
  );
  expect(JSON.stringify(toLoggedError(endless)).length).toBeLessThan(50_000);
  expect((toLoggedError(many) as { errors: unknown[] }).errors).toHaveLength(4);
});

test.each([[undefined], [null], [Symbol("x")], [Object.create(null)], [{ password_hash: HASH }]])(
  "a thrown %p, which is not an error, is logged by its type only",
  (thrown) => {
    expect(toLoggedError(thrown)).toBe(`a thrown ${typeof thrown}`);
  },
);
