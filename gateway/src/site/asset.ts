import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { HeaderRecord } from "shared/http/reply";
import type { Handle } from "shared/http/serve";

const compress = promisify(gzip);

/** A file that is the same for every client while the process lives. */
export interface Asset {
  type: string;
  /** Called once, for the first request. */
  read: () => Promise<Uint8Array<ArrayBuffer> | string>;
  /** `no-cache` by default: another version of the gateway may have another file. */
  cacheControl?: string;
  headers?: HeaderRecord;
}

/** A body and its entity tag, of which each encoding has another (RFC 9110, 8.8.3.3). */
interface Encoded {
  bytes: Uint8Array<ArrayBuffer>;
  tag: string;
}

/** Compresses once for all requests, in the background: the largest asset takes about 100 ms. */
async function encodeAsset(body: Uint8Array<ArrayBuffer> | string): Promise<Record<"identity" | "gzip", Encoded>> {
  const bytes = new Uint8Array(Buffer.from(body));
  const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("base64url").slice(0, 22);
  const zipped = new Uint8Array(await compress(bytes, { level: constants.Z_BEST_COMPRESSION }));
  return { identity: { bytes, tag: `"${hash}"` }, gzip: { bytes: zipped, tag: `"${hash}-gzip"` } };
}

/**
 * Serves an asset from memory, in the encoding that the client accepts, or with 304 where the
 * client has it (RFC 9110, 13.1.2).
 */
export function serveAsset({ type, read, cacheControl = "no-cache", headers = {} }: Asset): Handle {
  let encodings: ReturnType<typeof encodeAsset> | undefined;
  return async ({ headers: asked }) => {
    encodings ??= read().then(encodeAsset);
    const encoding = takesGzip(asked.get("accept-encoding") ?? "") ? "gzip" : "identity";
    const { bytes, tag } = (await encodings)[encoding];
    const sent: HeaderRecord = { ...headers, "cache-control": cacheControl, etag: tag, vary: "Accept-Encoding" };
    if (hasTag(asked.get("if-none-match") ?? "", tag)) return { status: 304, headers: sent, body: null };
    sent["content-type"] = type;
    if (encoding === "gzip") sent["content-encoding"] = encoding;
    return { status: 200, headers: sent, body: bytes };
  };
}

const takesGzip = (accepted: string) =>
  /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i.test(accepted);

/** A weak comparison: a proxy that compresses by itself marks the tag with `W/`. */
const hasTag = (given: string, tag: string) =>
  given.split(",").some((each) => ["*", tag, `W/${tag}`].includes(each.trim()));
