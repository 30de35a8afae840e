import { describe, expect, test } from "bun:test";
import { createFeed, type Feed } from "./feed.ts";

const newFeed = (): Feed<number> =>
  createFeed<number>({
    toSnapshot: (state) => ({ event: "snapshot", data: state }),
    toChange: (before, after) => [{ event: "change", data: [before, after] }],
  });

function feedOf(...states: number[]): Feed<number> {
  const feed = newFeed();
  for (const state of states) feed.publish(state);
  return feed;
}

const read = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const eventsOf = (bytes: Uint8Array | undefined) =>
  [...read(bytes).matchAll(/event: (\w+)\n(?:id: .*\n)?data: (.*)\n\n/g)].map(([, event, data]) => `${event} ${data}`);
const lastIdOf = (bytes: Uint8Array) => [...read(bytes).matchAll(/\nid: (.*)\n/g)].at(-1)?.[1] ?? "";

test("a new viewer gets the state, then each change", () => {
  const feed = feedOf(1);
  const first = feed.begin();
  expect(eventsOf(first.bytes)).toEqual(["snapshot 1"]);
  expect(feed.after(first.position)).toBeUndefined();
  expect([feed.publish(1), feed.publish(2), feed.publish(3)]).toEqual([false, true, true]);
  const next = feed.after(first.position);
  expect(eventsOf(next?.bytes)).toEqual(["change [1,2]", "change [2,3]"]);
  expect(feed.after(next?.position ?? 0)).toBeUndefined();
});

describe("a viewer that comes back", () => {
  const seen = lastIdOf(feedOf(1, 2).begin().bytes);

  test("with the present state gets no event, on any ranker that has the same state", () => {
    expect(read(feedOf(2).begin(seen).bytes)).toBe(": up to date\n\n");
    expect(read(feedOf(7, 3, 2).begin(seen).bytes)).toBe(": up to date\n\n");
  });

  test("with a state before kept changes gets these changes", () => {
    expect(eventsOf(feedOf(1, 2, 3, 4).begin(seen).bytes)).toEqual(["change [2,3]", "change [3,4]"]);
    expect(eventsOf(feedOf(2, 5).begin(seen).bytes)).toEqual(["change [2,5]"]);
  });

  test("with a state that was there twice gets the changes since the second time", () => {
    expect(eventsOf(feedOf(2, 1, 2, 3).begin(seen).bytes)).toEqual(["change [2,3]"]);
  });

  test("with an unknown or invalid id gets the state", () => {
    for (const id of ["1-0123456789abcdef", "", "x", "1", `${seen}x`, "-", "1-0123456789ABCDEF"]) {
      expect(eventsOf(feedOf(1, 2, 3).begin(id).bytes)).toEqual(["snapshot 3"]);
    }
  });
});

test("a bounded number of changes is kept, and a viewer that has missed more gets the state", () => {
  const feed = feedOf(0);
  const { position } = feed.begin();
  for (let state = 1; state <= 64; state++) feed.publish(state);
  expect(eventsOf(feed.after(position)?.bytes)).toHaveLength(64);
  feed.publish(65);
  const skipped = feed.after(position);
  expect([eventsOf(skipped?.bytes), skipped?.isSkip]).toEqual([["snapshot 65"], true]);
  expect(feed.after(skipped?.position ?? 0)).toBeUndefined();
});

test("the kept changes have a bounded size", () => {
  const feed = createFeed<string>({
    toSnapshot: (state) => ({ event: "snapshot", data: state.length }),
    toChange: (_, after) => [{ event: "change", data: after }],
  });
  feed.publish("");
  const { position } = feed.begin();
  for (const length of [30_000, 30_001, 30_002]) feed.publish("x".repeat(length));
  expect(eventsOf(feed.after(position)?.bytes)).toEqual(["snapshot 30002"]);
  expect(eventsOf(feed.after(position + 1)?.bytes)).toHaveLength(2);
});

describe("a failing read", () => {
  test("is reported once, and so is its end", () => {
    const feed = feedOf(1);
    const { position } = feed.begin();
    expect([feed.markStale("unavailable"), feed.markStale("unavailable")]).toEqual([true, false]);
    const stale = feed.after(position);
    expect(eventsOf(stale?.bytes)).toEqual(['stale {"code":"unavailable"}']);
    expect(feed.publish(1)).toBe(true);
    expect(eventsOf(feed.after(stale?.position ?? 0)?.bytes)).toEqual(["fresh {}"]);
  });

  test("is reported to viewers that are new, or that come back meanwhile", () => {
    const feed = feedOf(1);
    feed.markStale("unavailable");
    const { bytes } = feed.begin();
    expect(eventsOf(bytes)).toEqual(["snapshot 1", 'stale {"code":"unavailable"}']);
    expect(eventsOf(feed.begin(lastIdOf(bytes)).bytes)).toEqual(['stale {"code":"unavailable"}']);
    feed.publish(2);
    expect(eventsOf(feed.begin().bytes)).toEqual(["snapshot 2"]);
  });

  test("ends with the next change", () => {
    const feed = feedOf(1);
    feed.markStale("unavailable");
    const { position } = feed.begin();
    feed.publish(2);
    expect(eventsOf(feed.after(position)?.bytes)).toEqual(["change [1,2]"]);
  });

  test("is not reported before the first state", () => {
    expect(newFeed().markStale("unavailable")).toBe(false);
  });
});
