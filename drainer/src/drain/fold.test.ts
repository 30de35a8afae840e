import { expect, test } from "bun:test";
import fc from "fast-check";
import { fold } from "./fold.ts";

const event = (key: string, version: number) => ({ key, updated_at: String(version) });
const keyOf = ({ key }: { key: string }) => key;

test("the fold keeps the newest event of a key, wherever it stands in the batch", () => {
  const events = [event("a", 2), event("b", 1), event("a", 9), event("a", 5)];
  expect(fold(events, keyOf)).toEqual([event("a", 9), event("b", 1)]);
});

test("versions compare as numbers, not as text", () => {
  expect(fold([event("a", 10), event("a", 9)], keyOf)).toEqual([event("a", 10)]);
});

test("keys are sorted bytewise, so that concurrent statements lock rows in one order", () => {
  const folded = fold(
    ["b", "a", "_", "B", "-", "0"].map((key) => event(key, 1)),
    keyOf,
  );
  expect(folded.map(keyOf)).toEqual(["-", "0", "B", "_", "a", "b"]);
});

test("a batch in any order folds to the newest version of each key", () => {
  const events = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(1_000)), { maxLength: 50 });
  fc.assert(
    fc.property(events, (pairs) => {
      const expected = Object.entries(Object.groupBy(pairs, ([key]) => key))
        .map(([key, group = []]) => event(key, Math.max(...group.map(([, version]) => version))))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(
        fold(
          pairs.map(([key, version]) => event(key, version)),
          keyOf,
        ),
      ).toEqual(expected);
    }),
  );
});
