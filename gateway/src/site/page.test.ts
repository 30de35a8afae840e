import { beforeAll, expect, test } from "bun:test";
import type { App } from "shared/http/serve";
import { appOf } from "testing/services/app-of";
import { buildPage } from "./page.ts";

const settings = { regions: ["GLOBAL", "EU"], registrationOpen: true };

let paths: string[];
let app: App;
beforeAll(async () => {
  const page = await buildPage(settings);
  paths = page.map(({ path }) => path);
  app = appOf(page);
});

const assets = () => paths.filter((path) => path !== "/");
const ask = async (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });

test("the page has the settings of the deployment, and loads only its own assets", async () => {
  const html = await (await ask("/")).text();
  expect(html).toContain(Bun.escapeHTML(JSON.stringify(settings)));
  const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target ?? "");
  const fetched = named.filter((target) => !/^(data:|#)/.test(target) && target !== "top");
  expect(fetched.toSorted()).toEqual(
    assets()
      .map((path) => path.slice(1))
      .toSorted(),
  );
  expect(html).not.toMatch(/\{\{|<script>|<style|\son\w+=|style="|https?:\/\/(?!www\.w3\.org)/);
});

test("the page's policy lets only its own parts run, load or be framed", async () => {
  const policy = (await ask("/")).headers.get("Content-Security-Policy");
  expect(policy).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
      "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
});

test("a browser keeps assets for ever, and asks for the page again", async () => {
  expect((await ask("/")).headers.get("Cache-Control")).toBe("no-cache");
  for (const path of assets()) {
    const { headers } = await ask(path);
    expect(headers.get("Cache-Control")).toBe("public, max-age=31536000, immutable");
    expect(path).toMatch(/^\/assets\/(main|style)-[a-z0-9]{8}\.(js|css)$/);
  }
});

test("gzip takes less than half of the bytes of the page and of its assets", async () => {
  for (const path of paths) {
    const [plain, zipped] = [await ask(path), await ask(path, { "Accept-Encoding": "gzip, deflate, br" })];
    expect([plain.headers.get("Content-Encoding"), zipped.headers.get("Content-Encoding")]).toEqual([null, "gzip"]);
    expect((await zipped.arrayBuffer()).byteLength).toBeLessThan((await plain.arrayBuffer()).byteLength / 2);
  }
});

test("another deployment has another page with the same assets", async () => {
  const other = await buildPage({ ...settings, regions: ["GLOBAL", "NA"] });
  expect(other.map(({ path }) => path)).toEqual(paths);
  const tagOf = async (of: App) => (await of.request("/")).headers.get("ETag");
  expect(await tagOf(appOf(other))).not.toBe(await tagOf(app));
});

test("a name without an asset is not found by any method, and an asset takes GET and HEAD only", async () => {
  for (const path of [
    "/assets/none.js",
    "/assets/main.ts",
    "/assets/..%2fmain.ts",
    "/assets/",
    "/assets",
    "/assets/constructor",
    ...assets().map((each) => `${each}x`),
  ]) {
    for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
      expect([path, method, (await app.request(path, { method })).status]).toEqual([path, method, 404]);
    }
  }
  for (const path of paths) {
    const refused = await app.request(path, { method: "POST" });
    expect([path, refused.status, refused.headers.get("Allow")]).toEqual([path, 405, "GET, HEAD"]);
  }
});
