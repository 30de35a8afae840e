import { expect, test } from "bun:test";
import { hasUniqueNames } from "./unique-names.ts";

test.each([
  ['{"a":1,"b":2}', true],
  ['{"a":1,"a":2}', false],
  ['{"a":1,"\\u0061":2}', false],
  ['{"a":{"a":1},"b":[{"a":1},{"a":2}]}', true],
  ['{"a":{"b":1,"b":2}}', false],
  ['{"a":"\\"a\\":","b":"{"}', true],
  ['{"a":1,"b":["a","a","b:"],"c":"a"}', true],
  ['"a"', true],
  ["[]", true],
])("%s has unique names: %p", (json, expected) => {
  expect(hasUniqueNames(json)).toBe(expected);
});
