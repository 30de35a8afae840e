import { expect, test } from "bun:test";
import { createCoalesce } from "./coalesce.ts";

/** Readings that end when they are told to. */
function readings() {
  const begun: PromiseWithResolvers<number>[] = [];
  const read = () => {
    const reading = Promise.withResolvers<number>();
    begun.push(reading);
    return reading.promise;
  };
  return { begun, read };
}
const endOfTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

test("all who ask in one turn share one reading, which begins after they have asked", async () => {
  const { begun, read } = readings();
  const ask = createCoalesce<number>();
  const answers = [ask("a", read), ask("a", read), ask("a", read)];
  expect(begun).toHaveLength(0);
  await endOfTurn();
  expect(begun).toHaveLength(1);
  begun[0]?.resolve(7);
  expect(await Promise.all(answers)).toEqual([7, 7, 7]);
});

test("who asks while a reading is under way is answered by the next one, never by that", async () => {
  const { begun, read } = readings();
  const ask = createCoalesce<number>();
  const first = ask("a", read);
  await endOfTurn();
  const late = [ask("a", read), ask("a", read)];
  await endOfTurn();
  expect(begun).toHaveLength(1);
  begun[0]?.resolve(1);
  expect(await first).toBe(1);
  while (begun.length < 2) await endOfTurn();
  begun[1]?.resolve(2);
  expect(await Promise.all(late)).toEqual([2, 2]);
});

test("a reading that fails fails for the callers that share it, and not for later ones", async () => {
  const { begun, read } = readings();
  const ask = createCoalesce<number>();
  const first = ask("a", read);
  await endOfTurn();
  const second = ask("a", read);
  begun[0]?.reject(new Error("away"));
  await expect(first).rejects.toThrow("away");
  while (begun.length < 2) await endOfTurn();
  begun[1]?.resolve(2);
  expect(await second).toBe(2);
});

test("other keys are other readings, and nothing is kept of what has ended", async () => {
  const { begun, read } = readings();
  const ask = createCoalesce<number>();
  const answers = [ask("a", read), ask("b", read)];
  await endOfTurn();
  expect(begun).toHaveLength(2);
  for (const [index, reading] of begun.entries()) reading.resolve(index);
  expect(await Promise.all(answers)).toEqual([0, 1]);
  const again = ask("a", read);
  await endOfTurn();
  begun[2]?.resolve(5);
  expect(await again).toBe(5);
});

test("a reading that hangs does not hold up later callers", async () => {
  const { begun, read } = readings();
  const ask = createCoalesce<number>();
  const hanging = ask("a", read);
  await endOfTurn();
  const second = ask("a", read);
  while (begun.length < 2) await Bun.sleep(1);
  const third = ask("a", read);
  begun[1]?.resolve(2);
  expect(await second).toBe(2);
  while (begun.length < 3) await Bun.sleep(1);
  begun[2]?.resolve(3);
  expect(await third).toBe(3);
  begun[0]?.resolve(1);
  expect(await hanging).toBe(1);
  const last = ask("a", read);
  await endOfTurn();
  begun[3]?.resolve(4);
  expect(await last).toBe(4);
});
