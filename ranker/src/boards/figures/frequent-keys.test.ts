import { expect, test } from "bun:test";
import fc from "fast-check";
import { createFrequentKeys } from "./frequent-keys.ts";

test("of any sequence it keeps every key with more than its share, counts none too high, and holds its bound", () => {
  const keys = fc.array(fc.integer({ min: 0, max: 12 }).map(String), { maxLength: 300 });
  fc.assert(
    fc.property(keys, fc.integer({ min: 1, max: 6 }), (sequence, max) => {
      const frequent = createFrequentKeys(max);
      const counted = new Map<string, number>();
      for (const key of sequence) {
        frequent.count(key);
        counted.set(key, (counted.get(key) ?? 0) + 1);
        expect(frequent.counts().size).toBeLessThanOrEqual(max);
      }
      const short = sequence.length / (max + 1);
      for (const [key, count] of counted) {
        const said = frequent.counts().get(key) ?? 0;
        expect(said).toBeLessThanOrEqual(count);
        expect(said).toBeGreaterThanOrEqual(count - short);
      }
    }),
  );
});

test("what fades below one is kept no longer", () => {
  const frequent = createFrequentKeys(10);
  for (const key of ["a", "b", "b", "b", "b"]) frequent.count(key);
  frequent.fade(0.5);
  expect([...frequent.counts()]).toEqual([["b", 2]]);
});
