import { expect, test } from "bun:test";
import { allOrAny } from "./all-or-any.ts";

const never = new Promise<void>(() => {});
const resolved = Promise.resolve();
const patient = { graceMs: 60_000, timeoutMs: 60_000, what: "It" };

test("resolves as soon as all promises have resolved", async () => {
  await allOrAny([resolved, resolved], patient);
  await allOrAny([], patient);
});

test("after the first promise resolves, the others get the grace period", async () => {
  await allOrAny([never, resolved], { ...patient, graceMs: 1 });
});

test("rejects after the timeout if no promise resolves, and names what did not answer", async () => {
  await expect(allOrAny([never], { ...patient, timeoutMs: 1 })).rejects.toThrow("It did not answer within 1 ms");
});

test("rejects as soon as one promise rejects", async () => {
  await expect(allOrAny([never, Promise.reject(new Error("unfit"))], patient)).rejects.toThrow("unfit");
});
