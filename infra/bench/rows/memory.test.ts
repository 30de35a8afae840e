import { expect, test } from "bun:test";
import { judge } from "../harness/row.ts";
import { watchMemory } from "./memory.ts";

test("memory at the end of load is compared with memory after the warm-up", () => {
  let bytes = 50e6;
  const memory = watchMemory({ ranker: 7 }, (pid) => (pid === 7 ? bytes : Number.NaN));
  bytes = 100e6;
  memory.markWarm();
  bytes = 130e6;
  const [row] = memory.toRows();
  expect(row).toMatchObject({
    what: "memory of the ranker at the end of load",
    ours: { median: 130 },
    theirs: { median: 100 },
    ratio: { median: 1.3 },
    yardstick: "once warmed up (50 MB when started)",
  });
  expect(row && judge(row)).toBe("MISSED");
});
