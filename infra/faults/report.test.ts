import { expect, test } from "bun:test";
import { formatReport } from "./report.ts";

test("the table has a line for each fault, with numbers aligned to the right", () => {
  const row = {
    fault: "kill -9 of Redis",
    times: 10,
    writes: 12_345,
    lost: 0,
    doubled: 0,
    finals: 3,
    longestOutageMs: 1_234,
  };
  expect(formatReport([row, { ...row, fault: "SCRIPT FLUSH", times: 100, lost: 7 }]).split("\n")).toEqual([
    "fault             times  writes acknowledged  lost  doubled  final seasons  longest outage",
    "----------------  -----  -------------------  ----  -------  -------------  --------------",
    "kill -9 of Redis     10                12345     0        0              3          1.23 s",
    "SCRIPT FLUSH        100                12345     7        0              3          1.23 s",
  ]);
});
