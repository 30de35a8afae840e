import { expect, test } from "bun:test";
import { gunzipSync } from "bun";
import { appOf } from "testing/services/app-of";
import { serveAsset } from "./asset.ts";

let reads = 0;
const text = "the same for everybody. ".repeat(100);
const app = appOf([
  {
    method: "GET",
    path: "/asset",
    handle: serveAsset({
      type: "text/plain",
      headers: { "x-own": "yes" },
      read: async () => {
        reads++;
        return text;
      },
    }),
  },
]);
const ask = (headers: Record<string, string>) => app.request("/asset", { headers });

test("it is read once, and carries its own headers", async () => {
  const answers = await Promise.all([ask({}), ask({}), ask({ "Accept-Encoding": "gzip" })]);
  expect(reads).toBe(1);
  for (const { headers } of answers) {
    expect([headers.get("X-Own"), headers.get("Vary"), headers.get("Content-Type")]).toEqual([
      "yes",
      "Accept-Encoding",
      "text/plain",
    ]);
  }
});

test.each([
  ["gzip", true],
  ["deflate, gzip;q=1.0, *;q=0.5", true],
  ["br;q=1, GZIP ; q=0.1", true],
  ["*", true],
  ["", false],
  ["identity", false],
  ["gzip;q=0", false],
  ["gzip; q=0.000, br", false],
  ["x-gzip", false],
])("Accept-Encoding %p: compressed %p", async (accepted, isCompressed) => {
  const response = await ask({ "Accept-Encoding": accepted });
  expect(response.headers.get("Content-Encoding")).toBe(isCompressed ? "gzip" : null);
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(new TextDecoder().decode(isCompressed ? gunzipSync(bytes) : bytes)).toBe(text);
});

test("a client that has the asset gets 304, and each encoding has an entity tag of its own", async () => {
  const tagOf = async (accepted: string) => (await ask({ "Accept-Encoding": accepted })).headers.get("ETag") ?? "";
  const [plain, zipped] = [await tagOf(""), await tagOf("gzip")];
  expect(plain).not.toBe(zipped);
  const again = async (tag: string) => (await ask({ "Accept-Encoding": "gzip", "If-None-Match": tag })).status;
  expect(await Promise.all([zipped, `"x", W/${zipped}`, plain, '"x"'].map(again))).toEqual([304, 304, 200, 200]);
});
