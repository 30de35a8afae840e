import { expect, test } from "bun:test";
import fc from "fast-check";
import { createEventParser, type StreamEvent } from "./event-stream.ts";

const parse = (...pieces: string[]): StreamEvent[] => {
  const parser = createEventParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

test.each<[what: string, text: string, events: Partial<StreamEvent>[]]>([
  ["an event with a name and an id", "event: change\nid: 7\ndata: {}\n\n", [{ event: "change", id: "7", data: "{}" }]],
  ["an event without a name", "data: 1\n\n", [{ event: "message", data: "1", id: "" }]],
  ["lines of data", "data: a\ndata:b\ndata\n\n", [{ data: "a\nb\n" }]],
  ["comments and unknown fields", ": ping\nwho: me\ndata: 1\n\n", [{ data: "1" }]],
  ["no data", "event: change\n\ndata: 1\n\n", [{ event: "message", data: "1" }]],
  ["a byte order mark", "\uFEFFdata: 1\n\n", [{ data: "1" }]],
  ["an id that stays", "id: 7\ndata: 1\n\ndata: 2\n\n", [{ id: "7" }, { id: "7", data: "2" }]],
  ["an id with NUL", "id: 7\nid: a\0b\ndata: 1\n\n", [{ id: "7" }]],
  ["an id that is reset", "id: 7\ndata: 1\n\nid\ndata: 2\n\n", [{ id: "7" }, { id: "" }]],
  ["one space before a value is removed, a second one kept", "data:  1\n\n", [{ data: " 1" }]],
  ["an incomplete event", "data: 1\n", []],
  ["carriage returns", "data: 1\r\rdata: 2\r\n\r\n", [{ data: "1" }, { data: "2" }]],
])("the parser follows the HTML standard for %s", (_, text, events) => {
  expect(parse(text)).toMatchObject(events);
  expect(parse(text)).toHaveLength(events.length);
});

test("the events are the same for any cut of the stream and any line ending", () => {
  const lines = ["event: snapshot", "id: 1", "data: {", "data: }", "", ": ping", "data: é🏆", "", "data: 3", "", ""];
  const events = parse(lines.join("\n"));
  expect(events).toHaveLength(3);
  fc.assert(
    fc.property(fc.constantFrom("\n", "\r\n", "\r"), fc.array(fc.nat({ max: 120 }), { maxLength: 8 }), (end, cuts) => {
      // A CR at the very end may be half of a CRLF; the next character decides.
      const text = `${lines.join(end)}:`;
      const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      expect(parse(...at.map((from, n) => text.slice(from, at[n + 1])))).toEqual(events);
    }),
  );
});

test("the retry time and the last id are kept for the next connection", () => {
  const parser = createEventParser("6");
  expect([parser.retryMs, parser.lastId]).toEqual([undefined, "6"]);
  parser.push("retry: 250\nid: 7\ndata: 1\n\nretry: soon\n");
  expect([parser.retryMs, parser.lastId]).toEqual([250, "7"]);
});

test("an endless event is refused", () => {
  const parser = createEventParser();
  const piece = `data: ${"x".repeat(1024 * 1024)}\n`;
  expect(() => [1, 2, 3, 4, 5].map(() => parser.push(piece))).toThrow(RangeError);
});
