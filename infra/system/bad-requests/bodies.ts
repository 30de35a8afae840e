import fc from "fast-check";
import { words } from "testing/words";
import {
  aRoute,
  BODY_ROUTES,
  type BodyRoute,
  type Fields,
  type Generated,
  named,
  type Player,
  postTo,
  unknownField,
  validBody,
} from "./routes.ts";

const notANumber = fc.constantFrom<unknown>("5", "", true, false, null, [], [5], {}, { valueOf: 5 });
const notAString = fc.constantFrom<unknown>(5, true, null, [], {}, ["EU"]);

// As text, because JSON.stringify would correct half of them.
const badNumberText = fc.oneof(
  fc.constantFrom("1.5", "1e309", "-1e309", "NaN", "Infinity", '"5"', "9007199254740992", "-9007199254740992", "0x10"),
  fc.constantFrom(...words`1e-400 9007199254740990.6 01 +1 .5 1. --1 1_000 1,5 1n 0b1 undefined`),
  fc.bigInt({ min: BigInt(Number.MAX_SAFE_INTEGER) + 1n, max: 10n ** 400n }).map(String),
  fc.tuple(fc.integer(), fc.integer({ min: 1, max: 9 })).map(([whole, tenth]) => `${whole}.${tenth}`),
);

const badText: Record<string, fc.Arbitrary<unknown>> = {
  user_id: fc.oneof(
    notAString,
    fc.constantFrom("", "a b", "a:b", "{EU}", "a\0b", "x".repeat(65), "ä", "../eve", "a\n"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 64 }).filter((text) => !/^[A-Za-z0-9_-]{1,64}$/.test(text)),
  ),
  name: fc.oneof(
    notAString,
    fc.constantFrom("", "x".repeat(201), "a\0b", "a\nb", "\u0085", "\ud800", "🏆".repeat(201)),
  ),
  region: fc.oneof(notAString, fc.constantFrom("", "MARS", "EU ", "{EU}", "EU.0", "__proto__", "ＥＵ")),
  board: fc.oneof(notAString, fc.constantFrom("", "MAIN", "main ", "main:{EU}", "_main", "-main", "x".repeat(33))),
  password: fc.oneof(notAString, fc.constant("x".repeat(300))),
};

const WRITE_TEXTS = ["region", "board"];
const ACCOUNT_TEXTS = ["user_id", "name", "region", "password"];

const bytes = (...parts: (string | readonly number[])[]) =>
  new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string))));

/** A body with one thing wrong. */
export function badBody(player: Player): fc.Arbitrary<Generated> {
  const spoilt = (spoil: (route: BodyRoute, fields: Fields) => fc.Arbitrary<Generated["body"]>) =>
    validBody(player).chain(({ route, fields }) => spoil(route, fields).map((body) => postTo(route, player, body)));
  const spoiltNumber = (text: fc.Arbitrary<string>) =>
    validBody(player, fc.constantFrom(...BODY_ROUTES.filter(({ numbers }) => numbers.length > 0))).chain(
      ({ route, fields }) =>
        text.map((written) => {
          const marked = JSON.stringify({ ...fields, [route.numbers[0] ?? ""]: "NUMBER" });
          return postTo(route, player, marked.replace('"NUMBER"', written));
        }),
    );
  const withField = (fields: Fields, name: string, value: unknown) =>
    `${JSON.stringify(fields).slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`;

  return fc.oneof(
    spoiltNumber(badNumberText).map(named("a bad number")),
    spoiltNumber(notANumber.map((value) => JSON.stringify(value))).map(named("a number of another type")),
    spoilt(({ required }, fields) =>
      fc.constantFrom(...required).map((name) => JSON.stringify({ ...fields, [name]: undefined })),
    ).map(named("a missing field")),
    spoilt((_, fields) =>
      fc.tuple(unknownField, fc.jsonValue({ maxDepth: 1 })).map(([name, value]) => withField(fields, name, value)),
    ).map(named("an unknown field")),
    spoilt(({ isWrite }, fields) =>
      fc
        .constantFrom(...(isWrite ? WRITE_TEXTS : ACCOUNT_TEXTS))
        .chain((name) =>
          (badText[name] ?? fc.constant(null)).map((value) => JSON.stringify({ ...fields, [name]: value })),
        ),
    ).map(named("a bad text")),
    spoilt((_, fields) =>
      fc.nat().map((n) => {
        const text = JSON.stringify(fields);
        return text.slice(0, n % text.length);
      }),
    ).map(named("a body cut short")),
    spoilt((_, fields) => fc.constantFrom("x", "{}", ",", "]", "\0").map((rest) => JSON.stringify(fields) + rest)).map(
      named("a body and more"),
    ),
    validBody(player, fc.constantFrom(...BODY_ROUTES.filter(({ required }) => required.includes("name"))))
      .chain(({ route, fields }) =>
        fc
          .constantFrom<number[]>([0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82])
          .map((invalid) => {
            const [before = "", after = ""] = JSON.stringify({ ...fields, name: "A|B" }).split("|");
            return postTo(route, player, bytes(before, invalid, after));
          }),
      )
      .map(named("what is not UTF-8")),
    spoilt((_, fields) => fc.constant(new Uint8Array(Buffer.from(JSON.stringify(fields), "utf-16le")))).map(
      named("UTF-16"),
    ),
    spoilt((_, fields) =>
      fc.constantFrom<unknown>([fields], null, 5, "text", true, [], {}).map((value) => JSON.stringify(value)),
    ).map(named("another value for a body")),
    spoilt((_, fields) =>
      fc
        .integer({ min: 100, max: 5_000 })
        .map((depth) => withField(fields, "deep", 0).replace(":0}", `:${"[".repeat(depth)}${"]".repeat(depth)}}`)),
    ).map(named("a deep body")),
    spoilt((_, fields) =>
      fc.integer({ min: 16 * 1024 + 1, max: 40_000 }).map((size) => JSON.stringify(fields).padEnd(size)),
    ).map(named("a large body")),
    fc
      .oneof(
        fc.string(),
        fc.jsonValue().map((value) => JSON.stringify([value])),
      )
      .chain((body) => aRoute.map((route) => named("anything for a body")(postTo(route, player, body)))),
  );
}
