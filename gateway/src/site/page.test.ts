import { beforeAll, describe, expect, test } from "bun:test";
import type { App } from "shared/http/serve";
import { appOf } from "testing/services/app-of";
import { buildPage, type Page, pageRoutes } from "./page.ts";

const settings = { regions: ["GLOBAL", "EU"], boards: ["main"], registrationOpen: true };

let page: Page;
let app: App;
beforeAll(async () => {
  page = await buildPage(settings);
  app = appOf(pageRoutes(page));
});

const assets = () => [...page.keys()].filter((path) => path !== "/");
const ask = async (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });

test("the page knows the deployment, and loads nothing but its own assets", async () => {
  const html = await (await ask("/")).text();
  expect(html).toContain(Bun.escapeHTML(JSON.stringify(settings)));
  const loaded = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
  expect(loaded.filter((path) => path !== "/top").toSorted()).toEqual(assets().toSorted());
  expect(html).not.toMatch(/\{\{|<script>|<style|\son\w+=|style="|https?:\/\/(?!www\.w3\.org)/);
});

test("the page's policy lets only its own parts run, load or be framed", async () => {
  const policy = (await ask("/")).headers.get("Content-Security-Policy");
  expect(policy).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
});

describe("caches", () => {
  test("ask for the page again, and keep an asset for ever", async () => {
    expect((await ask("/")).headers.get("Cache-Control")).toBe("no-cache");
    for (const path of assets()) {
      const { headers } = await ask(path);
      expect(headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
      expect(path).toMatch(/^\/assets\/(main|style)-[a-z0-9]{8}\.(js|css)$/);
    }
  });

  test("are told when they have it already", async () => {
    for (const path of page.keys()) {
      const etag = (await ask(path)).headers.get("ETag") ?? "";
      expect(etag).toMatch(/^"[A-Za-z0-9_-]{22}"$/);
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        const response = await ask(path, { "If-None-Match": known });
        expect([response.status, response.headers.get("ETag"), await response.text()]).toEqual([304, etag, ""]);
      }
      expect((await ask(path, { "If-None-Match": '"other"' })).status).toBe(200);
    }
  });
});

test("a client that takes gzip gets less than half of the bytes, with an entity tag of its own; no cache mixes the two up", async () => {
  for (const path of page.keys()) {
    const [plain, zipped] = [await ask(path), await ask(path, { "Accept-Encoding": "gzip, deflate, br" })];
    for (const { headers } of [plain, zipped]) expect(headers.get("Vary")).toBe("Accept-Encoding");
    expect([plain.headers.get("Content-Encoding"), zipped.headers.get("Content-Encoding")]).toEqual([null, "gzip"]);
    expect(plain.headers.get("Content-Type")).toBe(zipped.headers.get("Content-Type"));
    const [bytes, fewer] = [new Uint8Array(await plain.arrayBuffer()), new Uint8Array(await zipped.arrayBuffer())];
    expect(Bun.gunzipSync(fewer)).toEqual(bytes);
    expect(fewer.length).toBeLessThan(bytes.length / 2);
    const etag = zipped.headers.get("ETag") ?? "";
    expect(etag).not.toBe(plain.headers.get("ETag") ?? "");
    const again = async (headers: Record<string, string>) =>
      (await ask(path, { "If-None-Match": etag, ...headers })).status;
    expect([await again({ "Accept-Encoding": "gzip" }), await again({})]).toEqual([304, 200]);
  }
});

test("another deployment has another page with the same assets", async () => {
  const other = await buildPage({ ...settings, regions: ["GLOBAL", "NA"] });
  expect([...other.keys()]).toEqual([...page.keys()]);
  expect(other.get("/")?.encodings.identity.tag).not.toBe(page.get("/")?.encodings.identity.tag);
});

test("a name that is no asset's is not found", async () => {
  for (const path of ["/assets/main.ts", "/assets/..%2fmain.ts", "/assets/x"]) {
    expect((await ask(path)).status).toBe(404);
  }
});

test("an asset that is not there is not found, by every method; one that is there takes GET and HEAD", async () => {
  for (const path of [
    "/assets/none.js",
    "/assets/",
    "/assets",
    "/assets/constructor",
    ...assets().map((each) => `${each}x`),
  ]) {
    for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
      expect([path, method, (await app.request(path, { method })).status]).toEqual([path, method, 404]);
    }
  }
  for (const path of page.keys()) {
    const refused = await app.request(path, { method: "POST" });
    expect([path, refused.status, refused.headers.get("Allow")]).toEqual([path, 405, "GET, HEAD"]);
  }
});
