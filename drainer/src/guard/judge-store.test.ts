import { expect, test } from "bun:test";
import type { FencedStore } from "shared/stores/fenced-store";
import { type Guarded, judgeStore } from "./judge-store.ts";

const store = (fence: FencedStore["fence"], clock: number | undefined, run = "now"): FencedStore => ({
  text: fence === undefined ? "" : "its text",
  fence,
  clock,
  run,
});
const fence = (run: string, keptVersion = 50, origin = "ours") => ({ origin, keptVersion, from: keptVersion, run });
const known = (newest: number, run = "before", origin = "ours"): Guarded => ({ origin, run, newest });

const cases: [string, FencedStore, Guarded | undefined, boolean, ReturnType<typeof judgeStore>][] = [
  ["new, and PostgreSQL is empty", store(undefined, undefined), undefined, false, "fit"],
  ["new, and PostgreSQL holds rows of release 0.1", store(undefined, undefined), undefined, true, "lost"],
  ["written by release 0.1", store(undefined, 100), undefined, true, "fit"],
  ["emptied", store(undefined, undefined), known(100), true, "lost"],
  ["emptied before anything was drained", store(undefined, undefined), known(0), false, "lost"],
  ["emptied but for its clock", store(undefined, 100), known(100), true, "lost"],
  ["restarted with all that it had", store(fence("before"), 100), known(100), true, "fit"],
  ["restarted with events that PostgreSQL has yet to get", store(fence("before"), 120), known(100), true, "fit"],
  ["an older copy, or a replica that lagged", store(fence("before"), 99), known(100), true, "lost"],
  ["running, and open", store(fence("now"), 100), known(100, "now"), true, "open"],
  ["replaced while it ran", store(fence("now"), 99), known(100, "now"), true, "lost"],
  ["opened by a ranker, whole", store(fence("now", 100), 150), known(100), true, "fit"],
  ["opened by a ranker that had seen less", store(fence("now", 99), 150), known(100), true, "lost"],
  ["known to have lost data", store({ origin: "ours", keptVersion: 100, from: 100 }, 90), known(100), true, "lost"],
  ["another deployment's", store(fence("before", 50, "theirs"), 100), known(100), true, "foreign"],
  ["known to Redis alone, as PostgreSQL was emptied", store(fence("before"), 100), undefined, false, "fit"],
];

test.each(cases)("a store that is %s is judged so", (_, found, guarded, hasRows, verdict) => {
  expect(judgeStore(found, guarded, { hasRows })).toBe(verdict);
});
