import type { z } from "zod";
import { BODY_BYTES_MAX } from "../api/operation.ts";
import { invalidField, Problem, toInvalidRequest } from "../api/problems.ts";
import { inPlainWords } from "../base/plain-words.ts";
import { createRoom } from "./body-room.ts";
import { parseExact } from "./exact-json.ts";
import type { HeaderSource } from "./header-list.ts";

// 16 KiB in it is 26 kbit/s: a poor telephone line passes, a client that drips a byte now and then
// does not.
const BODY_DEADLINE_MS = 5_000;
// 1 Mbit/s for what a route takes beyond 16 KiB: only servers send so much.
const FURTHER_BYTES_PER_SECOND = 128 * 1024;

// 42 bodies of 3 MiB, or 2,600 of 50 kB.
const LARGE_BYTES_MAX = 128 * 1024 * 1024;
const inRoom = createRoom(LARGE_BYTES_MAX);

/** Bounds of a body. */
export interface BodyBounds {
  /** {@link BODY_BYTES_MAX} unless given. */
  readonly bytesMax?: number | undefined;
  /** Follows from `bytesMax` unless given. */
  readonly deadlineMs?: number;
}

interface WithBody {
  readonly headers: HeaderSource;
  body(bytesMax?: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** How long a body of so many bytes may take to arrive. */
export const bodyDeadlineMs = (bytesMax: number): number =>
  BODY_DEADLINE_MS + 1_000 * Math.ceil(Math.max(0, bytesMax - BODY_BYTES_MAX) / FURTHER_BYTES_PER_SECOND);

/**
 * The raw body, read to its end but beyond neither bound.
 *
 * @throws Problem `body_too_large`, `request_timeout`, `unavailable` while too many large bodies
 *   are on their way, or `invalid_request` where the client went away
 */
export async function readBody(
  request: Request,
  { bytesMax = BODY_BYTES_MAX, deadlineMs = bodyDeadlineMs(bytesMax) }: BodyBounds = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const length = request.headers.get("Content-Length");
  const bytes = length === null ? bytesMax : Number(length);
  if (bytes > bytesMax) throw tooLarge(bytesMax);
  const read = () => (length === null ? readStream(request, { bytesMax, deadlineMs }) : readKnown(request, deadlineMs));
  return bytes > BODY_BYTES_MAX ? inRoom(bytes, read) : read();
}

/** @throws Problem `body_too_large` */
export function refuseLarge(body: Uint8Array<ArrayBuffer>, bytesMax = BODY_BYTES_MAX): Uint8Array<ArrayBuffer> {
  if (body.byteLength > bytesMax) throw tooLarge(bytesMax);
  return body;
}

const tooLarge = (bytesMax: number) =>
  new Problem("body_too_large", `A body of this route may have at most ${bytesMax} bytes.`);
const broken = () => new Problem("invalid_request", "The connection ended before the body was whole.");

function late(deadlineMs: number): Problem {
  const headers = { connection: "close" };
  return new Problem("request_timeout", `A body must arrive within ${deadlineMs / 1000} seconds.`, { headers });
}

/**
 * Reads a body of known length in one call. A stream would cost more than the rest of the request.
 */
function readKnown(request: Request, deadlineMs: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late(deadlineMs)), deadlineMs);
    const end = () => clearTimeout(timer);
    request.arrayBuffer().then(
      (bytes) => {
        end();
        resolve(new Uint8Array(bytes));
      },
      () => {
        end();
        reject(broken());
      },
    );
  });
}

async function readStream(
  request: Request,
  { bytesMax, deadlineMs }: { bytesMax: number; deadlineMs: number },
): Promise<Uint8Array<ArrayBuffer>> {
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    void reader.cancel(); // ends the read that waits
  }, deadlineMs);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.byteLength;
      if (size > bytesMax) break;
      chunks.push(next.value);
    }
  } catch {
    throw broken();
  } finally {
    clearTimeout(timer);
  }
  if (isLate) throw late(deadlineMs);
  if (size > bytesMax) {
    await reader.cancel();
    throw tooLarge(bytesMax);
  }
  return new Uint8Array(Buffer.concat(chunks, size));
}

/**
 * The JSON body, as `schema` describes it.
 *
 * @throws Problem `unsupported_media_type`, `body_too_large`, `invalid_json`, or `invalid_request`
 *   naming the fields
 */
export async function readJson<S extends z.ZodType>(
  incoming: WithBody,
  schema: S,
  bytesMax?: number,
): Promise<z.output<S>> {
  refuseOtherTypes(incoming);
  return parseJson(await incoming.body(bytesMax), schema);
}

/** The same where all fields may be left out, and the body with them. */
export async function readOptionalJson<S extends z.ZodType>(
  incoming: WithBody,
  schema: S,
  bytesMax?: number,
): Promise<z.output<S>> {
  const bytes = await incoming.body(bytesMax);
  if (bytes.length === 0) return schema.parse({});
  refuseOtherTypes(incoming);
  return parseJson(bytes, schema);
}

function refuseOtherTypes({ headers }: WithBody): void {
  if (isPlainJson(headers.get("content-type") ?? "", headers.get("content-encoding") ?? "identity")) return;
  throw new Problem("unsupported_media_type", "Send JSON in UTF-8, with the header Content-Type: application/json.");
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function parseJson<S extends z.ZodType>(bytes: Uint8Array, schema: S): z.output<S> {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(bytes);
    value = parseExact(text);
  } catch {
    throw new Problem("invalid_json", "The body is not JSON in UTF-8.");
  }
  refuseRepeated(text);
  const result = schema.safeParse(value, { error: inPlainWords });
  if (!result.success) throw toInvalidRequest(result.error, "body");
  return result.data;
}

/**
 * @throws Problem `invalid_request` for a member that is named twice: of its two values one would
 *   be taken unseen
 */
function refuseRepeated(text: string): void {
  const field = findRepeatedName(text);
  if (field === undefined) return;
  throw invalidField(field, "must be given once");
}

function isPlainJson(contentType: string, contentEncoding: string): boolean {
  if (contentType === "application/json" && contentEncoding === "identity") return true;
  const [mediaType, ...parameters] = contentType.split(";").map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every((each) => !each.startsWith("charset") || /^charset="?utf-?8"?$/.test(each));
  return mediaType === "application/json" && isUtf8 && contentEncoding.toLowerCase() === "identity";
}

// The tokens that matter here: strings and the marks of nesting.
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * Finds a member that an object of a JSON text names twice, nested and escaped ones as well.
 * `JSON.parse` keeps the last value and other parsers keep the first, so that two readers
 * understand such a text differently (RFC 8259, 4).
 *
 * @param json a text that `JSON.parse` takes
 */
export function findRepeatedName(json: string): string | undefined {
  // Most bodies have one member. Looking at those token by token costs 40 times as much.
  if (json.indexOf(":") === json.lastIndexOf(":")) return undefined;
  const open: (Set<string> | undefined)[] = []; // the names of each object around, undefined for an array
  let text = "";
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const names = open.at(-1);
      const name = text.includes("\\") ? (JSON.parse(text) as string) : text.slice(1, -1);
      if (names?.has(name)) return name;
      names?.add(name);
    } else if (token !== ",") text = token;
  }
  return undefined;
}
