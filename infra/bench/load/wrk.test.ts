import { expect, test } from "bun:test";
import { parseWrk } from "./wrk.ts";

const summary = { requests: 300, durationUs: 2e6, p50Us: 1500, p99Us: 4000 };
const sound = { connect: 0, read: 0, write: 0, timeout: 0, status: 0 };

test("the line of the script is found in the output of wrk", () => {
  const output = `Running 2s test\n  {not this one\n\n${JSON.stringify({ ...summary, ...sound })}\n`;
  expect(parseWrk(output)).toEqual({ items: 300, seconds: 2, p50Ms: 1.5, p99Ms: 4, faults: [] });
});

test("refused requests and broken connections are faults", () => {
  const { faults } = parseWrk(JSON.stringify({ ...summary, ...sound, status: 12, read: 3 }));
  expect(faults).toEqual(["12 of 300 requests were refused", "3 read errors"]);
});

test("an output without a summary is an error that shows it", () => {
  expect(() => parseWrk("unable to connect")).toThrow("unable to connect");
});
