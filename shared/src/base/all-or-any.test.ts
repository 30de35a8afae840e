import { expect, test } from "bun:test";
import { allOrAny } from "./all-or-any.ts";

const never = new Promise<void>(() => {});
const there = Promise.resolve();
const patient = { graceMs: 60_000, timeoutMs: 60_000, what: "It" };

test("all that are there are waited for, and no longer", async () => {
  await allOrAny([there, there], patient);
  await allOrAny([], patient);
});

test("with one there, the others get the grace", async () => {
  await allOrAny([never, there], { ...patient, graceMs: 1 });
});

test("with none there, it fails in the end, by name", async () => {
  await expect(allOrAny([never], { ...patient, timeoutMs: 1 })).rejects.toThrow("It did not answer within 1 ms");
});

test("what one of them throws meanwhile is thrown", async () => {
  await expect(allOrAny([never, Promise.reject(new Error("unfit"))], patient)).rejects.toThrow("unfit");
});
