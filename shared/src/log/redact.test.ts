import { expect, test } from "bun:test";
import { redact, redactBytes } from "./redact.ts";

const HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

test.each([
  ["an account's event", JSON.stringify({ user_id: "ann", password_hash: HASH })],
  ["one that breaks off in the hash", `{"user_id":"ann","password_hash":"${HASH.slice(0, 30)}`],
  ["one with spaces", `{"user_id":"ann", "password_hash" : "${HASH}"}`],
  ["one with its hash in escapes", `{"user_id":"ann","password_hash":"${HASH.replaceAll("$", "\\u0024")}"}`],
  ["one with its hash in another field", JSON.stringify({ user_id: "ann", name: HASH })],
  ["one that is not JSON", `user_id ann ${HASH}`],
])("the hash is left out of %s, and the rest is shown", (_, event) => {
  for (const shown of [redact(event), Buffer.from(redactBytes(Buffer.from(event)), "base64").toString()]) {
    expect(shown).toContain("ann");
    expect(shown).not.toMatch(/argon2|c2FsdA|19456/);
  }
});

test("an event without a hash is shown as it is", () => {
  const event = JSON.stringify({ user_id: "ann", name: 'A "quoted" $name', score: "5" });
  expect(redact(event)).toBe(event);
  const raw = Buffer.from([0x7b, 0xff, 0x00]);
  expect(redactBytes(raw)).toBe(raw.toString("base64"));
});
