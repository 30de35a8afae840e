import { expect, test } from "bun:test";
import { redact, redactBytes } from "./redact.ts";

const HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

test.each([
  ["an account's event", JSON.stringify({ user_id: "ann", password_hash: HASH })],
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
