import { expect, test } from "bun:test";
import { formatLine } from "./format-line.ts";

test("a log entry becomes one line for people, its fields as they are", () => {
  const entry = {
    level: "info",
    time: "2026-01-02T03:04:05.678Z",
    service: "gateway",
    msg: "request",
    status: 200,
    a: { b: 1 },
  };
  expect(formatLine("gateway", JSON.stringify(entry))).toBe(
    'gateway   | 03:04:05.678 info request status=200 a={"b":1}',
  );
});

test.each(["1:M Ready to accept connections", "{broken", '{"json": "of something else"}', ""])(
  "%p is shown as it is, after who said it",
  (line) => {
    expect(formatLine("redis", line)).toBe(`redis     | ${line}`);
  },
);

test("what a client wrote begins no line and moves no cursor", () => {
  const entry = {
    level: "info",
    time: "2026-01-02T03:04:05.678Z",
    msg: "request",
    path: "/a\nforged\u001b[2J\u009b1A",
  };
  expect(formatLine("gateway", JSON.stringify(entry))).toEndWith("path=/a\\u000aforged\\u001b[2J\\u009b1A");
});
