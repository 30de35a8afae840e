import { expect, test } from "bun:test";
import { createMemoryWatch } from "./memory-watch.ts";
import { judge } from "./rows.ts";

test("the end of load is held against the time when the service was warm", () => {
  const bytes = new Map([[7, 50e6]]);
  const watch = createMemoryWatch((pid) => bytes.get(pid) ?? Number.NaN);
  watch.look("start", { ranker: 7 });
  bytes.set(7, 100e6);
  watch.look("warm", { ranker: 7 });
  expect(watch.rows()).toEqual([]); // not over yet
  bytes.set(7, 130e6);
  watch.look("end", { ranker: 7 });
  const [row] = watch.rows();
  expect(row).toMatchObject({
    what: "memory of the ranker at the end of load",
    ours: { median: 130 },
    theirs: { median: 100 },
    ratio: { median: 1.3 },
    yardstick: "once warmed up (50 MB when started)",
  });
  expect(row && judge(row)).toBe("MISSED");
});
