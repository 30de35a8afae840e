import { ANSWER_HEADERS } from "./secure-headers.ts";

/** Headers by their names in lower case; several of a name where it may come more than once. */
export type HeaderRecord = Record<string, string | string[]>;

/** An answer, before it is sent: over HTTP, or over a link. */
export interface Reply {
  status: number;
  /** Beside what every answer has; `content-type` only where it is not JSON. */
  headers?: HeaderRecord;
  body: string | ArrayBuffer | Uint8Array<ArrayBuffer> | SharedBody | null;
}

/** A body that many answers have: it is sent from one place in memory, where bytes would be copied for each. */
export interface SharedBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly blob: Blob;
}

export const shareBody = (bytes: Uint8Array<ArrayBuffer>): SharedBody => ({ bytes, blob: new Blob([bytes]) });

const isShared = (body: object): body is SharedBody => "blob" in body;

export const jsonReply = (value: unknown, status = 200): Reply => ({ status, body: JSON.stringify(value) });

// Copied whole into every answer, which costs a third of handing them over one by one.
const common = new Headers({ ...ANSWER_HEADERS, "Content-Type": "application/json" });

/** As it goes out by HTTP. */
export function toResponse({ status, headers: own, body }: Reply): Response {
  const sent = typeof body === "object" && body !== null && isShared(body) ? body.blob : body;
  const response = new Response(sent, { status, headers: common });
  if (own === undefined) return response;
  const { headers } = response;
  for (const name in own) {
    const value = own[name];
    if (typeof value === "string") headers.set(name, value);
    else if (value !== undefined) for (const each of value) headers.append(name, each);
  }
  return response;
}

/** About how many bytes a body has: a text is not measured for it. */
export function sizeOf(body: Reply["body"]): number {
  if (body === null) return 0;
  if (typeof body === "string") return body.length;
  return isShared(body) ? body.bytes.byteLength : body.byteLength;
}

/** What is sent of a body, as bytes. */
export function toBytes(body: Reply["body"]): Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return encoder.encode(body);
  if (body === null) return NOTHING;
  if (body instanceof Uint8Array) return body;
  return isShared(body) ? body.bytes : new Uint8Array(body);
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();
