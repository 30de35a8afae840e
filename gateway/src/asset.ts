import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Context } from "hono";

const compress = promisify(gzip);

/** Something that is the same for everybody, and for as long as the process lives. */
export interface Asset {
  type: string;
  /** Called once, when it is asked for the first time. */
  read: () => Promise<Uint8Array<ArrayBuffer> | string>;
  headers?: Record<string, string>;
}

interface Encoded {
  bytes: Uint8Array<ArrayBuffer>;
  tag: string;
  encoding: "identity" | "gzip";
}

/** Serves it from memory: compressed where the client takes that, and not again where it has it (RFC 9110, 13.1.2). */
export function serveAsset({ type, read, headers = {} }: Asset): (c: Context) => Promise<Response> {
  let encodings: Promise<Record<Encoded["encoding"], Encoded>> | undefined;

  async function encode(): Promise<Record<Encoded["encoding"], Encoded>> {
    const bytes = new Uint8Array(Buffer.from(await read()));
    const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("base64url").slice(0, 22);
    const zipped = new Uint8Array(await compress(bytes)); // beside the requests: the largest takes some 100 ms
    return {
      identity: { bytes, tag: `"${hash}"`, encoding: "identity" },
      gzip: { bytes: zipped, tag: `"${hash}-gzip"`, encoding: "gzip" },
    };
  }

  return async function assetHandler(c) {
    encodings ??= encode();
    const { bytes, tag, encoding } = (await encodings)[
      takesGzip(c.req.header("Accept-Encoding")) ? "gzip" : "identity"
    ];
    // Kept by browsers, and asked about: a new version of the gateway may have another one.
    const sent = { ...headers, ETag: tag, "Cache-Control": "no-cache", Vary: "Accept-Encoding" };
    if (hasTag(c.req.header("If-None-Match"), tag)) return c.body(null, 304, sent);
    const encoded = encoding === "gzip" ? { "Content-Encoding": encoding } : {};
    return c.body(bytes, 200, { ...sent, ...encoded, "Content-Type": type });
  };
}

const takesGzip = (accepted = "") =>
  /(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i.test(accepted);

/** Compared weakly: a proxy that compresses by itself marks the tag with `W/`. */
const hasTag = (given = "", tag: string) => given.split(",").some((each) => each.trim().replace(/^W\//, "") === tag);
