import { z } from "zod";

export const NAME_CHARACTERS_MAX = 200;

/** The form in which names are compared and kept: NFC, without outer white space. */
export const normalizeName = (name: string): string => name.normalize("NFC").trim();

const hasRightLength = (name: string) => name.length > 0 && [...name].length <= NAME_CHARACTERS_MAX;
const LENGTH = `must have 1 to ${NAME_CHARACTERS_MAX} characters`;

// Cc: control characters, NUL among them. Cs in Unicode mode: surrogates without their partner.
const NOT_TEXT = /[\p{Cc}\p{Cs}]/u;
const isPlain = (text: string) => !NOT_TEXT.test(text);
const PLAIN = "must have no control characters and no lone surrogates";

// One line a name: Zl and Zp break the row of a board.
const isOneLine = (name: string) => !/[\p{Zl}\p{Zp}]/u.test(name);

// Ignorable characters, such as the Hangul fillers, are letters to Unicode and draw nothing. The
// Braille blank and the null notehead are symbols without ink. A mark alone has nothing to stand
// on.
const INKED = /[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Default_Ignorable_Code_Point}\u{2800}\u{1d159}]/u;
// An empty name is a fault of its length alone.
const isVisible = (name: string) => name === "" || INKED.test(name);

// For the OpenAPI document, whose readers compile patterns with and without Unicode mode: ranges of
// the basic plane, spelled out. Only the description names surrogates, because without Unicode mode
// a class of them would match the halves of a pair.
const CONTROLS = String.raw`\u0000-\u001f\u007f-\u009f`;
const BREAKS = String.raw`\u2028\u2029`;
const INKLESS = String.raw`\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0`;
const PLAIN_PATTERN = `^[^${CONTROLS}]*$`;
const NAME_PATTERN = `^[^${CONTROLS}${BREAKS}]*[^${CONTROLS}${INKLESS}][^${CONTROLS}${BREAKS}]*$`;
/** A text on which only its length and its characters are bounded. @param about what it is for */
export const plainTextSchema = (charactersMax: number, about: string) =>
  z
    .string()
    .refine((text) => [...text].length <= charactersMax, `must have no more than ${charactersMax} characters`)
    .refine(isPlain, PLAIN)
    .meta({
      maxLength: charactersMax,
      pattern: PLAIN_PATTERN,
      description: `${about} No control characters, no lone surrogates.`,
    });

/**
 * A name that a player gets: at least one visible character on one line. Normalized by {@link
 * normalizeName}, so that one name has one spelling.
 */
export const nameSchema = z
  .string()
  .refine(isPlain, PLAIN)
  .refine(isOneLine, "must have no line or paragraph separators")
  .transform(normalizeName)
  .refine(hasRightLength, LENGTH)
  .refine(isVisible, "must have a visible character")
  .meta({
    minLength: 1,
    maxLength: NAME_CHARACTERS_MAX,
    pattern: NAME_PATTERN,
    description:
      "Shown on the boards, in Unicode's form NFC and without outer white space. At least one visible character; no " +
      "line or paragraph separators, no control characters, no lone surrogates.",
  });

/** A name that a store or a token has: earlier releases accepted names that draw nothing. */
export const keptNameSchema = z.string().refine(hasRightLength, LENGTH).refine(isPlain, PLAIN);

/** A name to compare with that of an account, which may be of an earlier release. */
export const triedNameSchema = keptNameSchema.meta({
  minLength: 1,
  maxLength: NAME_CHARACTERS_MAX,
  pattern: PLAIN_PATTERN,
  description: "Compared in Unicode's form NFC, without outer white space.",
});
