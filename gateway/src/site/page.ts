import { join } from "node:path";
import type { Route } from "shared/http/serve";
import { type Asset, serveAsset } from "./asset.ts";

/** Settings of the deployment that the page needs. */
export interface PageSettings {
  regions: readonly string[];
  /** False where players come from an identity provider. */
  registrationOpen: boolean;
}

const WEB = join(import.meta.dir, "../../web");
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

// The name of an asset changes with its content.
const CACHED_FOR_EVER = "public, max-age=31536000, immutable";

/**
 * Builds `gateway/web` in memory when the gateway starts, so that the page is never older than its
 * source.
 *
 * @returns the routes of the page and of its assets. Each file has a route, so that another name is
 *   not found by any method.
 * @throws AggregateError where the source does not compile
 */
export async function buildPage(settings: PageSettings): Promise<Route[]> {
  const { outputs } = await Bun.build({
    entrypoints: [join(WEB, "main.ts"), join(WEB, "style.css")],
    target: "browser",
    minify: true,
    naming: "[name]-[hash].[ext]",
  });
  const values: Record<string, string> = { settings: Bun.escapeHTML(JSON.stringify(settings)) };
  const assets = outputs.map((output) => {
    // The page names its assets relative to itself, so that it works behind a proxy's prefix.
    const target = `assets/${output.path.replace(/^.*[/\\]/, "")}`;
    const isStyle = target.endsWith(".css");
    values[isStyle ? "style" : "script"] = target;
    const type = isStyle ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
    return toRoute(`/${target}`, {
      type,
      read: async () => new Uint8Array(await output.arrayBuffer()),
      cacheControl: CACHED_FOR_EVER,
    });
  });
  const text = await Bun.file(join(WEB, "index.html")).text();
  const html = text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? "");
  return [toRoute("/", { type: "text/html; charset=utf-8", read: async () => html }), ...assets];
}

const toRoute = (path: string, asset: Asset): Route => ({
  method: "GET",
  path,
  handle: serveAsset({ ...asset, headers: { "content-security-policy": POLICY } }),
});
