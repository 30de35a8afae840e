import { expect, test } from "bun:test";
import { findRepeatedName } from "./unique-names.ts";

test.each([
  ['{"a":1,"b":2}', undefined],
  ['{"a":1,"a":2}', "a"],
  ['{"a":1,"\\u0061":2}', "a"],
  ['{"a":{"a":1},"b":[{"a":1},{"a":2}]}', undefined],
  ['{"a":{"b":1,"b":2}}', "b"],
  ['[{"a":1},{"b":1,"b":2}]', "b"],
  ['{"a":"\\"a\\":","b":"{"}', undefined],
  ['{"a":1,"b":["a","a","b:"],"c":"a"}', undefined],
  ['{":":1}', undefined],
  ['{":":1,":":2}', ":"],
  ['{"__proto__":1,"__proto__":2}', "__proto__"],
  ['{"":1,"":2}', ""],
  ['"a"', undefined],
  ["[]", undefined],
])("of %s the name %p is repeated", (json, expected) => {
  expect(findRepeatedName(json)).toBe(expected);
});
