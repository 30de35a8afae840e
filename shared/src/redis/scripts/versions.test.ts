import { expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { scratchRedisClient } from "testing/scratch";
import { defineScript } from "./define-script.ts";
import { versionsPart } from "./parts.ts";

const { redis } = await forFile(scratchRedisClient());

const BODY = `#!lua
local spelled = {}
for place = 1, #ARGV do
  local number = tonumber(ARGV[place])
  spelled[#spelled + 1] = digits(number) .. ' ' .. (number < 0 and '' or digits16(number))
end
return spelled
`;
// As on a server whose integers have 32 bits.
const narrow = {
  source: versionsPart.source.replace(/local INTEGERS_ARE_WIDE = .*/, "local INTEGERS_ARE_WIDE = false"),
};

test.each([
  ["wide", versionsPart],
  ["narrow", narrow],
])("whole numbers are spelled exactly where integers are %s", async (_, part) => {
  const script = defineScript({ name: "spell", source: BODY, parts: [part], parse: (reply) => reply as string[] });
  const numbers = ["0", "7", "-7", "4294967296", "9007199254740991", "-9007199254740991"];
  const spelled = numbers.map((text) => `${text} ${text.startsWith("-") ? "" : text.padStart(16, "0")}`);
  expect(await script(redis, ["{spell}"], numbers)).toEqual(spelled);
});
