import { expect, test } from "bun:test";
import { scoreEventSchema } from "../model/events.ts";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

test.each([`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-00`])(
  "the traceparent %s is formatted as it was parsed",
  (text) => {
    const parsed = parseTraceparent(text);
    expect(parsed && formatTraceparent(parsed)).toBe(text);
  },
);

test("the known fields of a later version are parsed", () => {
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-more`)).toMatchObject({
    traceId: TRACE,
    spanId: SPAN,
    traceFlags: 1,
  });
});

test.each([
  ["nothing", undefined],
  ["an empty text", ""],
  ["the invalid version", `ff-${TRACE}-${SPAN}-01`],
  ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
  ["a span of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["capitals", `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ["more than version 00 has", `00-${TRACE}-${SPAN}-01-more`],
  ["two at once", `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`],
])("%s is not parsed as a traceparent", (_, text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

test("an event with an invalid traceparent is accepted without it", () => {
  const event = {
    board: "main",
    user_id: "ada",
    name: "Ada",
    region: "EU",
    score: "1",
    reached_at: "1",
    updated_at: "1",
  };
  const read = (traceparent: unknown) => scoreEventSchema.parse({ ...event, traceparent }).traceparent;
  expect(read(`00-${TRACE}-${SPAN}-01`)).toBe(`00-${TRACE}-${SPAN}-01`);
  for (const broken of ["00-x", 7, null, {}]) expect(read(broken)).toBeUndefined();
});
