import { expect, test } from "bun:test";
import { parseWrk } from "./wrk.ts";

const summary = { requests: 300, durationUs: 2e6, p50Us: 1500, p99Us: 4000 };
const sound = { connect: 0, read: 0, write: 0, timeout: 0, status: 0 };

test("the line that the script writes is found among wrk's own", () => {
  const output = `Running 2s test\n  {not this one\n\n${JSON.stringify({ ...summary, ...sound })}\n`;
  expect(parseWrk(output)).toEqual({ requests: 300, seconds: 2, p50Ms: 1.5, p99Ms: 4, faults: [] });
});

test("refusals and broken connections are told", () => {
  const { faults } = parseWrk(JSON.stringify({ ...summary, ...sound, status: 12, read: 3 }));
  expect(faults).toEqual(["12 of 300 answers were refusals", "3 read errors"]);
});

test("silence is no figure", () => {
  expect(() => parseWrk("unable to connect")).toThrow("unable to connect");
});
