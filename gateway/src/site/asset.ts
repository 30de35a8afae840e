import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { Incoming } from "shared/http/incoming";
import type { HeaderRecord, Reply } from "shared/http/reply";
import type { Handle } from "shared/http/serve";

const compress = promisify(gzip);

/** A file that is the same for every client, for as long as the process lives. */
export interface Asset {
  type: string;
  /** Called once, when it is asked for the first time. */
  read: () => Promise<Uint8Array<ArrayBuffer> | string>;
  headers?: HeaderRecord;
}

/** A body plain and compressed, each with an entity tag of its own (RFC 9110, 8.8.3.3). */
export interface Encodings {
  identity: Encoded;
  gzip: Encoded;
}

interface Encoded {
  bytes: Uint8Array<ArrayBuffer>;
  tag: string;
}

/** Compresses in the background, once for all requests: the largest asset takes about 100 ms. */
export async function encodeAsset(body: Uint8Array<ArrayBuffer> | string): Promise<Encodings> {
  const bytes = new Uint8Array(Buffer.from(body));
  const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("base64url").slice(0, 22);
  const zipped = new Uint8Array(await compress(bytes, { level: constants.Z_BEST_COMPRESSION }));
  return { identity: { bytes, tag: `"${hash}"` }, gzip: { bytes: zipped, tag: `"${hash}-gzip"` } };
}

/**
 * Replies in the encoding that the client takes, or with 304 where the client has it already (RFC 9110, 13.1.2).
 *
 * @param headers with the `content-type`
 */
export function encodedReply(incoming: Incoming, encodings: Encodings, headers: HeaderRecord): Reply {
  const encoding = takesGzip(incoming.headers.get("accept-encoding") ?? "") ? "gzip" : "identity";
  const { bytes, tag } = encodings[encoding];
  const sent: HeaderRecord = { ...headers, etag: tag, vary: "Accept-Encoding" };
  if (hasTag(incoming.headers.get("if-none-match") ?? "", tag)) {
    const { "content-type": _, ...kept } = sent;
    return { status: 304, headers: kept, body: null };
  }
  if (encoding === "gzip") sent["content-encoding"] = encoding;
  return { status: 200, headers: sent, body: bytes };
}

/** Serves an asset from memory. */
export function serveAsset({ type, read, headers = {} }: Asset): Handle {
  let encodings: Promise<Encodings> | undefined;
  return async (incoming) => {
    encodings ??= read().then(encodeAsset);
    // Browsers keep it and ask whether it changed: a new version of the gateway may have another one.
    return encodedReply(incoming, await encodings, { "content-type": type, "cache-control": "no-cache", ...headers });
  };
}

const takesGzip = (accepted: string) =>
  /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i.test(accepted);

/** Compared weakly: a proxy that compresses by itself marks the tag with `W/`. */
const hasTag = (given: string, tag: string) =>
  given.split(",").some((each) => ["*", tag, `W/${tag}`].includes(each.trim()));
