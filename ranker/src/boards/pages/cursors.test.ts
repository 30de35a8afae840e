import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Cursor, createCursors } from "./cursors.ts";

const secret = "a secret of the tests, 32 bytes and more";
const cursors = createCursors({ secret });

const someCursors: fc.Arbitrary<Cursor> = fc.record({
  view: fc.constantFrom("GLOBAL", "EU"),
  board: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,31}$/),
  born: fc.nat(),
  season: fc.nat(),
  side: fc.constantFrom("after", "before"),
  place: fc.record({
    score: fc.maxSafeInteger().map((score) => score + 0),
    member: fc.stringMatching(/^(\d{16,32}[A-Za-z0-9_-]{1,64})?$/),
  }),
});

test("a cursor is read as it was written, and is a text that a URL takes as it is", () => {
  fc.assert(
    fc.property(someCursors, (cursor) => {
      const text = cursors.write(cursor);
      expect(text).toMatch(/^[A-Za-z0-9_-]{1,512}$/);
      expect(cursors.read(text)).toEqual(cursor);
    }),
  );
});

test("a text that is changed in any character, cut or longer is no cursor", () => {
  const character = fc.constantFrom(..."ABCxyz019-_");
  fc.assert(
    fc.property(someCursors, fc.nat(), character, fc.nat(), (cursor, at, other, length) => {
      const text = cursors.write(cursor);
      const place = at % text.length;
      const changed = text.slice(0, place) + other + text.slice(place + 1);
      if (changed !== text) expect(cursors.read(changed)).toBeUndefined();
      expect(cursors.read(text.slice(0, length % text.length))).toBeUndefined();
      expect(cursors.read(text + other)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test("any other text is no cursor", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => cursors.read(text) === undefined));
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => cursors.read(Buffer.from(bytes).toString("base64url")) === undefined),
  );
});

test("cursors of the secret before a change are read, and those of any other secret are not", () => {
  const cursor: Cursor = {
    view: "EU",
    board: "main",
    born: 0,
    season: 0,
    side: "after",
    place: { score: -5, member: "9000000000000000ada" },
  };
  const text = cursors.write(cursor);
  const next = "another secret of the tests, 32 bytes and more";
  expect(createCursors({ secret: next, previousSecret: secret }).read(text)).toEqual(cursor);
  expect(createCursors({ secret, previousSecret: next }).read(text)).toEqual(cursor);
  expect(createCursors({ secret: next }).read(text)).toBeUndefined();
  expect(createCursors().read(createCursors().write(cursor))).toBeUndefined();
});
