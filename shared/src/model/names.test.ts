import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { keptNameSchema, nameSchema } from "./names.ts";

const { pattern } = z.toJSONSchema(nameSchema, { io: "input" });

describe("names", () => {
  test("are counted in characters, not in code units", () => {
    expect(nameSchema.safeParse("🏆".repeat(200)).success).toBe(true);
    expect(nameSchema.safeParse("🏆".repeat(201)).success).toBe(false);
  });

  test.each([
    "Ada Lovelace",
    "李白",
    "José",
    "👩‍🚀",
    "‮abc",
    "<b>",
    "'; DROP TABLE",
    "नमस्ते",
    "שָׁלוֹם",
    "한글",
    "1️⃣",
    ".",
    "a\u200db",
  ])("%p is a name", (name) => {
    expect(nameSchema.parse(name)).toBe(name.normalize("NFC"));
    for (const flags of ["", "u"]) expect(name).toMatch(new RegExp(pattern ?? "", flags));
  });

  test.each([
    ["no character", "", /1 to 200/],
    ["spaces alone", " \u3000\u00a0", /1 to 200/],
    ["a Hangul filler", "\u3164", /visible/],
    ["half a Hangul filler", "\uffa0", /visible/],
    ["Hangul fillers of a syllable", "\u115f\u1160", /visible/],
    ["a zero-width space", "\u200b", /visible/],
    ["joiners and a direction mark", "\u200d\u200c\u200e", /visible/],
    ["a word joiner between spaces", " \u2060 ", /visible/],
    ["a byte order mark", "\ufeff", /1 to 200/],
    ["a soft hyphen", "\u00ad", /visible/],
    ["a variation selector", "\ufe0f", /visible/],
    ["tags", "\u{e0061}\u{e007f}", /visible/],
    ["a Braille blank", "\u2800", /visible/],
    ["a mark without a letter", "\u0301", /visible/],
    ["a line separator", "a\u2028b", /separators/],
    ["a paragraph separator at the end", "a\u2029", /separators/],
    ["a line feed", "a\nb", /control/],
    ["NUL", "a\u0000", /control/],
    ["half a surrogate pair", "a\ud800", /surrogates/],
  ])("%s is no name", (_, name, message) => {
    expect(nameSchema.safeParse(name).error?.issues[0]?.message).toMatch(message);
  });

  test("outer white space is cut off before characters are counted", () => {
    expect(nameSchema.parse(" \u3000Ada  Lovelace\u00a0 ")).toBe("Ada  Lovelace");
    expect(nameSchema.parse(` ${"a".repeat(200)} `)).toHaveLength(200);
  });

  test("are kept in NFC, and counted in it", () => {
    expect(nameSchema.parse("Zoe\u0308")).toBe("Zo\u00eb");
    expect(nameSchema.parse("e\u0301".repeat(200))).toHaveLength(200);
  });

  test("an event or a token of an earlier release keeps a name that would be refused now", () => {
    for (const name of ["\u3164", "a\u2028b", " a ", "Zoe\u0308"]) expect(keptNameSchema.parse(name)).toBe(name);
  });
});
