import { fileURLToPath } from "node:url";
import { documentOperations } from "shared/api/status";
import type { Reply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import type { Topology } from "shared/model/regions";
import { createDocument } from "../openapi/document.ts";
import { type Asset, serveAsset } from "./asset.ts";

const readFile = (url: string) => () => Bun.file(fileURLToPath(url)).bytes();
const own = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url).href);
const packaged = (name: string) => readFile(import.meta.resolve(`swagger-ui-dist/${name}`));

// Swagger UI adds style elements, and its icons are data URLs.
const POLICY = ["default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:"]
  .concat(["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"])
  .join("; ");

const JAVASCRIPT = "text/javascript; charset=utf-8";
const page: Asset = {
  type: "text/html; charset=utf-8",
  read: own("index.html"),
  headers: { "content-security-policy": POLICY },
};
const parts: Record<string, Asset> = {
  "start.js": { type: JAVASCRIPT, read: own("start.js") },
  "swagger-ui-bundle.js": { type: JAVASCRIPT, read: packaged("swagger-ui-bundle.js") },
  "swagger-ui.css": { type: "text/css; charset=utf-8", read: packaged("swagger-ui.css") },
};

// The page names its parts relative to `/docs`, so it does not work here. The target is relative,
// too, because a proxy may have a prefix before it.
const redirectToDocs = async (): Promise<Reply> => ({ status: 308, headers: { location: "../docs" }, body: null });

/** `GET /openapi.json`, and `GET /docs` for people, which loads nothing from another host. */
export function docsRoutes(topology: Topology, publicUrl?: string): Route[] {
  const read = async () => JSON.stringify(createDocument(topology, publicUrl));
  const { method, path } = documentOperations.openapi;
  return [
    { method, path, handle: serveAsset({ type: "application/json", read }) },
    { method, path: "/docs", handle: serveAsset(page) },
    { method, path: "/docs/", handle: redirectToDocs },
    ...Object.entries(parts).map(
      ([name, part]): Route => ({ method, path: `/docs/${name}`, handle: serveAsset(part) }),
    ),
  ];
}
