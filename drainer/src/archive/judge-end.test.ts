import { describe, expect, test } from "bun:test";
import { judgeCounts, judgeQueues } from "./judge-end.ts";

const empty = Number.POSITIVE_INFINITY;
const past = { end: 100, oldestWaiting: empty, hasDead: false };

describe("by its queues a season is", () => {
  test.each([
    ["ready once all shards have ended it, and nothing waits", [past, past], "ready"],
    ["ready beside events of later seasons", [past, { ...past, oldestWaiting: 101 }], "ready"],
    ["closing while a shard has not ended it", [past, { ...past, end: undefined }], "closing"],
    ["closing while its end has not left a queue", [{ ...past, oldestWaiting: 100 }], "closing"],
    ["closing while an older event waits once more", [{ ...past, oldestWaiting: 7 }], "closing"],
    ["incomplete with a dead event", [past, { ...past, hasDead: true }], "incomplete"],
    ["incomplete with a dead end", [{ ...past, end: undefined, hasDead: true }], "incomplete"],
    ["closing in a region without shards", [], "closing"],
  ] as const)("%s", (_, shards, state) => expect(judgeQueues(shards)).toBe(state));
});

describe("by its numbers a season is", () => {
  test.each([
    ["ready where all are equal", { stored: 5, counted: 5, erased: 0 }, 5, "ready"],
    ["ready where players were erased since", { stored: 3, counted: 5, erased: 2 }, 3, "ready"],
    ["ready where players were erased who were not there", { stored: 5, counted: 5, erased: 9 }, 5, "ready"],
    ["incomplete where a row is missing", { stored: 4, counted: 5, erased: 3 }, 5, "incomplete"],
    ["incomplete where more is missing than was erased", { stored: 2, counted: 5, erased: 2 }, 2, "incomplete"],
    ["incomplete where there are more rows", { stored: 6, counted: 5, erased: 0 }, 6, "incomplete"],
  ] as const)("%s", (_, counts, present, state) => expect(judgeCounts(counts, present)).toBe(state));
});
