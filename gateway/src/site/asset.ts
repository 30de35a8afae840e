import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { Context } from "hono";

const compress = promisify(gzip);

/** Something that is the same for everybody, and for as long as the process lives. */
export interface Asset {
  type: string;
  /** Called once, when it is asked for the first time. */
  read: () => Promise<Uint8Array<ArrayBuffer> | string>;
  headers?: Record<string, string>;
}

/** A body as it is and compressed, each with a tag of its own (RFC 9110, 8.8.3.3). */
export interface Encodings {
  identity: Encoded;
  gzip: Encoded;
}

interface Encoded {
  bytes: Uint8Array<ArrayBuffer>;
  tag: string;
}

/** Compresses beside the requests, once for all of them: the largest asset takes some 100 ms. */
export async function encodeAsset(body: Uint8Array<ArrayBuffer> | string): Promise<Encodings> {
  const bytes = new Uint8Array(Buffer.from(body));
  const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("base64url").slice(0, 22);
  const zipped = new Uint8Array(await compress(bytes, { level: constants.Z_BEST_COMPRESSION }));
  return { identity: { bytes, tag: `"${hash}"` }, gzip: { bytes: zipped, tag: `"${hash}-gzip"` } };
}

/** The encoding that the client takes, or 304 where it has that already (RFC 9110, 13.1.2). */
export function answerEncoded(c: Context, encodings: Encodings, headers: Record<string, string>): Response {
  const encoding = takesGzip(c.req.header("Accept-Encoding")) ? "gzip" : "identity";
  const { bytes, tag } = encodings[encoding];
  const { "Content-Type": type = "", ...kept } = headers;
  const sent = { ...kept, ETag: tag, Vary: "Accept-Encoding" };
  if (hasTag(c.req.header("If-None-Match"), tag)) return c.body(null, 304, sent);
  const encoded = encoding === "gzip" ? { "Content-Encoding": encoding } : {};
  return c.body(bytes, 200, { ...sent, ...encoded, "Content-Type": type });
}

/** Serves it from memory. */
export function serveAsset({ type, read, headers = {} }: Asset): (c: Context) => Promise<Response> {
  let encodings: Promise<Encodings> | undefined;
  return async function assetHandler(c) {
    encodings ??= read().then(encodeAsset);
    // Kept by browsers, and asked about: a new version of the gateway may have another one.
    return answerEncoded(c, await encodings, { "Content-Type": type, "Cache-Control": "no-cache", ...headers });
  };
}

const takesGzip = (accepted = "") =>
  /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i.test(accepted);

/** Compared weakly: a proxy that compresses by itself marks the tag with `W/`. */
const hasTag = (given = "", tag: string) =>
  given.split(",").some((each) => ["*", tag, `W/${tag}`].includes(each.trim()));
