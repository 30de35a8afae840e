import { expect, test } from "bun:test";
import { formatLine } from "./format-line.ts";

test("a log entry becomes one line for people, with all its fields", () => {
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

test("a logged text of a client cannot forge a line or control the terminal", () => {
  const entry = {
    level: "info",
    time: "2026-01-02T03:04:05.678Z",
    msg: "request",
    path: "/\u001b[31m\nredis     | gone\u0000",
  };
  expect(formatLine("gateway", JSON.stringify(entry))).toBe(
    "gateway   | 03:04:05.678 info request path=/\\x1b[31m\\x0aredis     | gone\\x00",
  );
});

test.each(["1:M Ready to accept connections", "{broken", '{"json": "of something else"}', ""])(
  "%p is shown as it is, after the name of its process",
  (line) => {
    expect(formatLine("redis", line)).toBe(`redis     | ${line}`);
  },
);
