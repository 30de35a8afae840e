import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { Problem } from "../api/problems.ts";
import { createLog } from "../log/log.ts";
import { bodyDeadlineMs, findRepeatedName, readBody, readJson, readOptionalJson } from "./body.ts";
import { LinkedRequest } from "./incoming.ts";
import { jsonReply } from "./reply.ts";
import { createServe, mountRoutes } from "./serve.ts";

const lines: string[] = [];
const log = createLog("test", "info", { write: (line) => void lines.push(line) });
const schema = z.strictObject({ n: z.number() });
const BULK = 64 * 1024;
const SMALL = 1024;
const fail = (problem: Problem) => async () => {
  throw problem;
};
const busy = new Problem("unavailable", "Try again.", { cause: new Error("the pool is empty"), retryAfterSeconds: 3 });
const forged = new Problem("invalid_token", "Log in again.", {
  cause: Object.assign(new RangeError("unexpected claim"), { payload: { name: "Ada" } }),
});
const { app } = mountRoutes(
  [
    { method: "POST", path: "/echo", handle: async (incoming) => jsonReply(await readJson(incoming, schema)) },
    { method: "POST", path: "/bulk", handle: async (incoming) => jsonReply(await readJson(incoming, schema, BULK)) },
    {
      method: "POST",
      path: "/small",
      handle: async (incoming) => jsonReply(await readOptionalJson(incoming, schema, SMALL)),
    },
    { method: "GET", path: "/busy", handle: fail(busy) },
    { method: "GET", path: "/forged", handle: fail(forged) },
  ],
  { serve: createServe({ log, onEnd: [] }), isStopping: () => false },
);

const post = (body: string | ReadableStream<Uint8Array>, headers: Record<string, string> = {}) =>
  app.request("/echo", { method: "POST", body, headers: { "Content-Type": "application/json", ...headers } });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

test("a problem's cause goes to the log alone", async () => {
  const response = await app.request("/busy");
  expect(response.headers.get("Retry-After")).toBe("3");
  expect(await response.text()).not.toContain("pool");
  expect(lines.at(-1)).toContain("the pool is empty");
});

test("what a client did wrong is one short line of the log, with nothing in it that the client has sent", async () => {
  await app.request("/forged", { headers: { "X-Request-Id": "r-2" } });
  const { time, ...line } = JSON.parse(lines.at(-1) ?? "") as Record<string, unknown>;
  expect(line).toEqual({
    level: "info",
    service: "test",
    request_id: "r-2",
    code: "invalid_token",
    method: "GET",
    path: "/forged",
    reason: "RangeError",
    msg: "Log in again.",
  });
});

describe("bodies", () => {
  test("that are chunked have the same bound as those that state their length", async () => {
    const chunk = new Uint8Array(1024).fill(0x20);
    const body = (chunks: number) =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let n = 0; n < chunks; n++) controller.enqueue(chunk);
          controller.enqueue(new TextEncoder().encode('{"n":1}'));
          controller.close();
        },
      });
    expect(await (await post(body(15))).json()).toEqual({ n: 1 });
    expect(await codeOf(await post(body(16)))).toBe("body_too_large");
  });

  test("of exactly 16 KiB are read", async () => {
    const body = '{"n":1}'.padEnd(16 * 1024);
    expect((await post(body)).status).toBe(200);
    expect((await post(`${body} `)).status).toBe(413);
  });

  describe.each([
    ["/bulk", BULK],
    ["/small", SMALL],
  ])("of a route with a bound of its own, %s", (path, bytesMax) => {
    const headers = { "Content-Type": "application/json" };
    const send = (body: string | ReadableStream<Uint8Array>) => app.request(path, { method: "POST", body, headers });
    const sendKnown = (body: string) =>
      app.request(path, { method: "POST", body, headers: { ...headers, "Content-Length": String(body.length) } });
    const whole = '{"n":1}'.padEnd(bytesMax);
    const refusal = { code: "body_too_large", detail: `A body of this route may have at most ${bytesMax} bytes.` };

    test("are read up to it, and the refusal of a larger one says it", async () => {
      for (const post of [send, sendKnown]) {
        expect(await (await post(whole)).json()).toEqual({ n: 1 });
        expect(await (await post(`${whole} `)).json()).toMatchObject(refusal);
      }
    });

    test("are read no further where they are chunked, though they go on for ever", async () => {
      const chunked = (text: string) => new Blob([text]).stream();
      expect(await (await send(chunked(whole))).json()).toEqual({ n: 1 });
      let pulled = 0;
      let isCancelled = false;
      const endless = new ReadableStream<Uint8Array>({
        pull(controller) {
          pulled += 1024;
          controller.enqueue(new Uint8Array(1024).fill(0x20));
        },
        cancel() {
          isCancelled = true;
        },
      });
      expect(await (await send(endless)).json()).toMatchObject(refusal);
      expect(pulled).toBeLessThan(bytesMax + 16 * 1024);
      expect(isCancelled).toBe(true);
    });

    test("have it by a link, too", async () => {
      const linked = (text: string) => {
        const body = new TextEncoder().encode(text);
        return new LinkedRequest({ method: "POST", target: path, headers: [], body }, { path, params: [] });
      };
      expect((await linked(whole).body(bytesMax)).byteLength).toBe(bytesMax);
      await expect(linked(`${whole} `).body(bytesMax)).rejects.toMatchObject({ code: "body_too_large" });
    });
  });

  test("may take 5 seconds, and one more for each 128 KiB beyond 16", () => {
    const kib = (n: number) => bodyDeadlineMs(n * 1024) / 1000;
    expect([kib(1), kib(16), kib(17), kib(144), kib(145), kib(3 * 1024)]).toEqual([5, 5, 6, 6, 7, 29]);
  });

  test.each([
    ["1.0", 1],
    ["1e2", 100],
    ["1E+3", 1000],
    ["1.2345678E7", 12_345_678],
    ["1500e-2", 15],
    ["9.007199254740991e15", Number.MAX_SAFE_INTEGER],
    ["-0", 0],
    ["0.5", 0.5],
  ])("%s is a number", async (text, n) => {
    expect(await (await post(`{"n":${text}}`)).json()).toEqual({ n });
  });

  test.each(["0.99999999999999999999", "9007199254740990.9", "1e-400"])(
    "%s, which rounds to an integer that no client sent, is refused",
    async (text) => {
      expect(await codeOf(await post(`{"n":${text}}`))).toBe("invalid_request");
    },
  );

  test.each([
    ["{}", { field: "n", message: "is required" }],
    ['{"n":"1"}', { field: "n", message: "must be of type number" }],
    ["[]", { field: "body", message: "must be of type object" }],
  ])("%s is told what it lacks, in plain words", async (body, fault) => {
    expect(await (await post(body)).json()).toMatchObject({ code: "invalid_request", errors: [fault] });
  });

  test("say that they are JSON, in any case and with parameters", async () => {
    expect((await post('{"n":1}', { "Content-Type": "Application/JSON; charset=utf-8" })).status).toBe(200);
    expect(await codeOf(await post('{"n":1}', { "Content-Type": "application/jsonp" }))).toBe("unsupported_media_type");
  });

  test.each([
    ["another charset", { "Content-Type": "application/json; charset=utf-16" }],
    ["a charset among parameters", { "Content-Type": 'application/json; a=b; charset="iso-8859-1"' }],
    ["a type and another", { "Content-Type": "application/json, text/plain" }],
    ["a content coding", { "Content-Encoding": "gzip" }],
  ])("in %s are unsupported, not guessed at", async (_, headers: Record<string, string>) => {
    expect(await codeOf(await post('{"n":1}', headers))).toBe("unsupported_media_type");
  });

  test("that do not come to their end in time are request_timeout, and the connection is not waited for", async () => {
    const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(3)) });
    const reading = readBody(new Request("http://localhost/", { method: "POST", body }), { deadlineMs: 1 });
    await expect(reading).rejects.toMatchObject({ code: "request_timeout", headers: { connection: "close" } });
  });
});

test.each([
  ['{"a":1,"b":2}', undefined],
  ['{"a":1,"a":2}', "a"],
  ['{"a":1,"\\u0061":2}', "a"],
  ['{"a":{"a":1},"b":[{"a":1},{"a":2}]}', undefined],
  ['{"a":{"b":1,"b":2}}', "b"],
  ['[{"a":1},{"b":1,"b":2}]', "b"],
  ['{"a":"\\"a\\":","b":"{"}', undefined],
  ['{"a":1,"b":["a","a","b:"],"c":"a"}', undefined],
  ['{":":1}', undefined],
  ['{":":1,":":2}', ":"],
  ['{"__proto__":1,"__proto__":2}', "__proto__"],
  ['{"":1,"":2}', ""],
  ['"a"', undefined],
  ["[]", undefined],
])("of %s the name %p is repeated", (json, expected) => {
  expect(findRepeatedName(json)).toBe(expected);
});

test("large bodies on their way at once have 128 MiB together, and small ones need none of it", async () => {
  const MIB = 1024 * 1024;
  const [first, second] = [new TransformStream<Uint8Array>(), new TransformStream<Uint8Array>()];
  const slow = (body: string | ReadableStream<Uint8Array>, headers: Record<string, string> = {}) =>
    readBody(new Request("http://here/", { method: "POST", body, headers }), { bytesMax: 64 * MIB });
  const half = slow(first.readable);
  const other = slow(second.readable, { "Content-Length": String(63 * MIB) });
  const one = "x".repeat(MIB);
  const stated = { "Content-Length": String(MIB) };
  expect((await slow(one, stated)).byteLength).toBe(MIB);
  await expect(slow(one + one, { "Content-Length": String(2 * MIB) })).rejects.toMatchObject({ code: "unavailable" });
  expect((await slow("{}", { "Content-Length": "2" })).byteLength).toBe(2);
  await first.writable.close();
  expect((await half).byteLength).toBe(0);
  expect((await slow(one + one, { "Content-Length": String(2 * MIB) })).byteLength).toBe(2 * MIB);
  await second.writable.close();
  await other;
});
