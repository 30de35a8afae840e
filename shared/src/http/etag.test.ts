import { expect, test } from "bun:test";
import { unlessMatched, withEtag } from "./etag.ts";
import { fromHeaderList } from "./header-list.ts";
import { jsonReply, shareBody } from "./reply.ts";

const reply = withEtag(jsonReply({ rank: 1 }));
const etag = String(reply.headers?.etag);
const asked = (value: string) => unlessMatched(reply, fromHeaderList(["if-none-match", value]));

test("equal bytes have the same tag, in any buffer", () => {
  const shared = withEtag({ status: 200, body: shareBody(new TextEncoder().encode('{"rank":1}')) });
  expect([shared.headers?.etag, withEtag(jsonReply({ rank: 2 })).headers?.etag === etag]).toEqual([etag, false]);
  expect(etag).toMatch(/^"[\w-]{22}"$/);
});

test.each([etag, `W/${etag}`, `"x", ${etag}`, "*"])(
  "an answer that the caller has by %s is 304 without a body",
  (value) => {
    expect(asked(value)).toEqual({ ...reply, status: 304, body: null });
    const passedOn = { ...reply, headers: { ...reply.headers, "content-type": "application/json" } };
    expect(unlessMatched(passedOn, fromHeaderList(["if-none-match", value])).headers).toEqual(reply.headers);
  },
);

test.each(['"x"', "", etag.slice(1, -1)])("an answer that the caller does not have by %s is whole", (value) => {
  expect(asked(value)).toBe(reply);
});

test("without If-None-Match, without a tag, and of a refusal an answer is whole", () => {
  expect(unlessMatched(reply, fromHeaderList([]))).toBe(reply);
  const plain = jsonReply({});
  expect(unlessMatched(plain, fromHeaderList(["if-none-match", "*"]))).toBe(plain);
  const refused = { ...reply, status: 503 };
  expect(unlessMatched(refused, fromHeaderList(["if-none-match", "*"]))).toBe(refused);
});
