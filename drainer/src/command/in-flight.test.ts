import { expect, test } from "bun:test";
import { createInFlight, readAhead } from "./in-flight.ts";

test("no more tasks than the bound run at once, and all of them end", async () => {
  const tasks = createInFlight(3);
  let running = 0;
  let most = 0;
  let ended = 0;
  for (let n = 0; n < 20; n++) {
    await tasks.start(async () => {
      most = Math.max(most, ++running);
      await new Promise(setImmediate);
      running--;
      ended++;
    });
  }
  await tasks.finish();
  expect({ most, ended }).toEqual({ most: 3, ended: 20 });
});

test("the first failure is thrown, and no task is started after it", async () => {
  const tasks = createInFlight(1);
  await tasks.start(() => Promise.reject(new Error("first")));
  let isStarted = false;
  const late = async () => {
    isStarted = true;
  };
  await expect(tasks.start(late)).rejects.toThrow("first");
  await expect(tasks.finish()).rejects.toThrow("first");
  expect(isStarted).toBe(false);
});

test("the next page is read during the work on a page, and pages keep their order", async () => {
  let read = 0;
  async function* pages() {
    for (; read < 3; read++) yield read;
  }
  const seen: [page: number, read: number][] = [];
  for await (const page of readAhead(pages())) {
    await new Promise(setImmediate);
    seen.push([page, read]);
  }
  expect(seen).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
});

test("an error of a page is thrown to the reader of the pages", async () => {
  async function* pages() {
    yield 1;
    throw new Error("gone");
  }
  await expect(Array.fromAsync(readAhead(pages()))).rejects.toThrow("gone");
});
