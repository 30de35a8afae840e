import { expect, test } from "bun:test";
import { createKeepMerged } from "./keep-merged.ts";

test("the same parts are merged once, other ones anew", () => {
  let merges = 0;
  const keep = createKeepMerged<object, number>(2);
  const [a, b] = [{}, {}];
  const merge = () => ++merges;
  expect([keep("x", [a, b], merge), keep("x", [a, b], merge)]).toEqual([1, 1]);
  expect([keep("x", [b, a], merge), keep("x", [a], merge), keep("x", [a, {}], merge)]).toEqual([2, 3, 4]);
});

test("whoever was not asked for longest makes room", () => {
  const keep = createKeepMerged<object, string>(2);
  const keptOf = (name: string, merged: string) => keep(name, [], () => merged);
  keptOf("a", "a1");
  keptOf("b", "b1");
  expect(keptOf("a", "a2")).toBe("a1");
  keptOf("c", "c1");
  expect([keptOf("a", "a3"), keptOf("b", "b2")]).toEqual(["a1", "b2"]);
});
