import { expect, test } from "bun:test";
import { gunzipSync } from "bun";
import { appOf } from "testing/services/app-of";
import { serveAsset } from "./asset.ts";

let reads = 0;
const text = "the same for every client. ".repeat(100);
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

test("an asset is read once and sent with its own headers", async () => {
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

test("a client that has the asset gets 304 without a body, and each encoding has an entity tag of its own", async () => {
  const tagOf = async (accepted: string) => (await ask({ "Accept-Encoding": accepted })).headers.get("ETag") ?? "";
  const [plain, zipped] = [await tagOf(""), await tagOf("gzip")];
  expect(plain).toMatch(/^"[A-Za-z0-9_-]{22}"$/);
  expect(plain).not.toBe(zipped);
  const again = async (accepted: string, tag: string) => {
    const response = await ask({ "Accept-Encoding": accepted, "If-None-Match": tag });
    if (response.status === 304)
      expect([response.headers.get("ETag"), await response.text()]).toEqual([expect.any(String), ""]);
    return response.status;
  };
  for (const [accepted, tag, other] of [
    ["gzip", zipped, plain],
    ["", plain, zipped],
  ] as const) {
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, `"x", W/${tag}`, "*"])
      expect(await again(accepted, known)).toBe(304);
    for (const unknown of [other, '"other"']) expect(await again(accepted, unknown)).toBe(200);
  }
});
