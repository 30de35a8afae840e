import { expect, test } from "bun:test";
import { createInFlight, readAhead } from "./in-flight.ts";

test("never more than the bound are under way, and all of them end", async () => {
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

test("the first failure is thrown, and nothing is started after it", async () => {
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

test("a page is read while the one before it is worked on, and pages keep their order", async () => {
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

test("a page that cannot be read is thrown to who reads the pages", async () => {
  async function* pages() {
    yield 1;
    throw new Error("gone");
  }
  await expect(Array.fromAsync(readAhead(pages()))).rejects.toThrow("gone");
});
