import type { Problem } from "../api/problems.ts";
import type { Facts } from "./facts.ts";

/** Headers by their names in lower case; several of a name where it may come more than once. */
export type HeaderRecord = Record<string, string | string[]>;

/** An answer, before it is sent by HTTP or by a link. */
export interface Reply {
  status: number;
  /** Beside those that every answer has; `content-type` only where it is not JSON. */
  headers?: HeaderRecord;
  body: Body;
  /** The problem that the body states, for logs and metrics. */
  problem?: Problem;
  facts?: Facts;
}

/** A stream goes by HTTP alone. */
export type Body = WholeBody | ReadableStream<Uint8Array>;
export type WholeBody = string | ArrayBuffer | Uint8Array<ArrayBuffer> | SharedBody | null;

/**
 * A body of many answers: Bun sends a blob from one place in memory, and copies bytes for each
 * answer.
 */
export interface SharedBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly blob: Blob;
}

export const shareBody = (bytes: Uint8Array<ArrayBuffer>): SharedBody => ({ bytes, blob: new Blob([bytes]) });

export const jsonReply = (value: unknown, status = 200): Reply => ({ status, body: JSON.stringify(value) });

export const isStream = (body: Body): body is ReadableStream<Uint8Array> => body instanceof ReadableStream;

// A stream has a method of the same name.
const isShared = (body: object): body is SharedBody => "blob" in body && body.blob instanceof Blob;

/** Headers of every answer; a route's own ones come first. */
const ANSWER_HEADERS = {
  // A browser that is made to open an answer runs, loads and frames nothing of it.
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  // No page of another origin may embed an answer. Pages that CORS allows may still fetch it.
  "Cross-Origin-Resource-Policy": "same-origin",
  // Ranks are never older than their answer.
  "Cache-Control": "no-store",
  "Content-Type": "application/json",
};

// Copied whole into every answer, which costs a third of setting the headers one by one.
const common = new Headers(ANSWER_HEADERS);

/** The reply as it goes out by HTTP. */
export function toResponse({ status, headers: own, body }: Reply): Response {
  const sent = body !== null && typeof body === "object" && isShared(body) ? body.blob : body;
  const response = new Response(sent, { status, headers: common });
  const { headers } = response;
  if (body === null) headers.delete("Content-Type");
  for (const name in own) {
    const value = own[name];
    if (typeof value === "string") headers.set(name, value);
    else if (value !== undefined) for (const each of value) headers.append(name, each);
  }
  return response;
}

/** Without its body, and with the length of what `GET` would send (RFC 9110, 8.6). */
export function toHeadReply({ headers = {}, body, ...rest }: Reply): Reply {
  if (body === null || isStream(body) || "content-length" in headers) return { ...rest, headers, body: null };
  const measured: HeaderRecord = { "content-type": "application/json", ...headers };
  measured["content-length"] = String(toBytes(body).byteLength);
  return { ...rest, headers: measured, body: null };
}

/** About how many bytes a body has: characters of a text are counted, not bytes. */
export function sizeOf(body: WholeBody): number {
  if (body === null) return 0;
  if (typeof body === "string") return body.length;
  return isShared(body) ? body.bytes.byteLength : body.byteLength;
}

export function toBytes(body: WholeBody): Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return encoder.encode(body);
  if (body === null) return NOTHING;
  if (body instanceof Uint8Array) return body;
  return isShared(body) ? body.bytes : new Uint8Array(body);
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();
