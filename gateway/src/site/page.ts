import { join } from "node:path";
import type { Route } from "shared/http/serve";
import { type Encodings, encodeAsset, encodedReply } from "./asset.ts";

/** Settings of the deployment that the page needs. */
export interface PageSettings {
  regions: readonly string[];
  boards: readonly string[];
  /** False where players come from an identity provider. */
  registrationOpen: boolean;
}

interface PageFile {
  type: string;
  encodings: Encodings;
}

/** The page and what it loads, by path. */
export type Page = ReadonlyMap<string, PageFile>;

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

/**
 * Builds the page out of `gateway/web` and compresses it, at start and in memory: no build step comes before, and the
 * page is never older than its source.
 *
 * @throws AggregateError where the source does not compile
 */
export async function buildPage(settings: PageSettings): Promise<Page> {
  const { outputs } = await Bun.build({
    entrypoints: [join(WEB, "main.ts"), join(WEB, "style.css")],
    target: "browser",
    minify: true,
    naming: "[name]-[hash].[ext]",
  });
  const files = new Map<string, PageFile>();
  const urls: Record<string, string> = {};
  for (const output of outputs) {
    const name = output.path.replace(/^.*[/\\]/, "");
    const isStyle = name.endsWith(".css");
    urls[isStyle ? "style" : "script"] = `/assets/${name}`;
    const type = isStyle ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8";
    files.set(`/assets/${name}`, await toFile(new Uint8Array(await output.arrayBuffer()), type));
  }
  const text = await Bun.file(join(WEB, "index.html")).text();
  const values: Record<string, string> = { ...urls, settings: Bun.escapeHTML(JSON.stringify(settings)) };
  const html = text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? "");
  return files.set("/", await toFile(html, "text/html; charset=utf-8"));
}

const toFile = async (body: Uint8Array<ArrayBuffer> | string, type: string): Promise<PageFile> => ({
  type,
  encodings: await encodeAsset(body),
});

/** `GET /` and its assets: an asset's name changes with its content and is kept for ever, the page is asked for again. */
export function pageRoutes(page: Page): Route[] {
  // A route for each file, not one for a pattern of names: a name that is no file's is no route, by any method.
  return [...page].map(([path, { type, encodings }]) => {
    const headers = {
      "cache-control": path === "/" ? "no-cache" : "public, max-age=31536000, immutable",
      "content-security-policy": POLICY,
      "content-type": type,
    };
    return { method: "GET", path, handle: async (incoming) => encodedReply(incoming, encodings, headers) };
  });
}
