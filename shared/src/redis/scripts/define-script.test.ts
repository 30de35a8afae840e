import { expect, test } from "bun:test";
import { scratchRedisClient } from "testing/scratch";
import { composeSource, defineLayout, defineScript, type ScriptPart } from "./define-script.ts";

const layout = defineLayout({
  keys: ["queueOfShard"],
  args: { wantsHint: "flag", queueMax: "number", name: "text" },
  item: { userId: "text", isNew: "flag" },
});

test("Lua finds keys, arguments and items under the names that TypeScript gave them", async () => {
  const { redis, dispose } = await scratchRedisClient();
  const script = defineScript({
    name: "test",
    source: `#!lua
      local texts = {queue_of_shard, tostring(wants_hint), tostring(queue_max + 1), name, FIRST_KEY, KEYS[FIRST_KEY]}
      for place = FIRST_ARG, #ARGV, ITEM_ARGS do
        take_item(place)
        texts[#texts + 1] = user_id .. ' ' .. tostring(is_new)
      end
      return table.concat(texts, ',')`,
    layout,
    isFenced: true,
    parse: String,
  });
  const keys = layout.toKeys({ queueOfShard: "{a}:q" });
  keys.push("{a}:more");
  const args = layout.toArgs({ name: "Ada", queueMax: 7, wantsHint: true });
  for (const item of [
    { isNew: false, userId: "bob" },
    { userId: "eve", isNew: true },
  ]) {
    args.push(...layout.toItem(item));
  }
  expect(await script(redis, keys, args)).toBe("{a}:q,true,8,Ada,2,{a}:more,bob false,eve true");
  await dispose();
});

test("a part stands once, behind the parts that it uses, and the first line of the file stays first", () => {
  const members: ScriptPart = { source: "members\n" };
  const slice: ScriptPart = { source: "slice\n", uses: [members] };
  const source = composeSource({ source: "#!lua\nreturn 1", parts: [slice, members, slice] });
  expect(source).toBe("#!lua\nmembers\nslice\nreturn 1");
});
