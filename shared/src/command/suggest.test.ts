import { expect, test } from "bun:test";
import { suggest } from "./suggest.ts";

const names = ["demo", "top", "reconcile", "repartition", "restore"];

test("a word with a wrong letter or two is answered with the one that was meant", () => {
  for (const [typed, meant] of [
    ["repartiton", "repartition"],
    ["dmo", "demo"],
    ["tpo", "top"],
    ["reconsile", "reconcile"],
  ]) {
    expect(suggest(typed ?? "", names)).toBe(`; did you mean ${meant}?`);
  }
});

test("a word that resembles none is answered without a guess", () => {
  for (const typed of ["toString", "xyz", ""]) expect(suggest(typed, names)).toBe("");
  expect(suggest("top", [])).toBe("");
});
