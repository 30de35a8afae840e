import type { BatchBounds } from "../base/gather-turn.ts";
import type { HeaderList } from "../http/header-list.ts";
import { sizeOf, toBytes, type WholeBody } from "../http/reply.ts";

/**
 * Where a ranker takes links: an upgrade to a WebSocket (RFC 6455), whose binary messages are
 * frames. The first frame is the ranker's greeting.
 */
export const LINK_PATH = "/link";

/** Protocol of links. A gateway that is greeted with another version asks by HTTP. */
export const LINK_VERSION = 1;

/** Head of the only parcel in a greeting. */
export type Greeting = ["link", version: number];

/** A request as it goes over a link. */
export interface LinkRequest {
  method: string;
  /** `/top?limit=10` */
  target: string;
  headers: HeaderList;
  body: Uint8Array<ArrayBuffer>;
}

/** An answer as it has come over a link. */
export interface LinkAnswer {
  status: number;
  headers: HeaderList;
  body: Uint8Array<ArrayBuffer>;
}

/** The largest frame that is read; a reader closes the link on a larger one. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The largest parcel that goes by a link. The gateway sends a larger request by HTTP; in place of a
 * larger answer the ranker sends `internal`. `sizeOfParcel` counts characters, and a quarter of the
 * frame size leaves room for UTF-8 (at most three bytes each) and JSON escapes.
 */
export const PARCEL_SIZE_MAX = FRAME_BYTES_MAX / 4;

/**
 * The size at which a frame is sent. Without this the first of many parcels would wait for
 * megabytes.
 */
const FRAME_SIZE_MAX = 1024 * 1024;

// About the characters that JSON puts around a text or a number.
const TEXT_OVERHEAD = 8;

/**
 * `[id, method, target, headers]`: a request. The gateway chooses the id, and uses it once on a
 * connection.
 */
export type RequestHead = [id: number, method: string, target: string, headers: HeaderList];

/**
 * `[id, status, headers]`: an answer; answers come in any order. An empty head asks to send nothing
 * more.
 */
export type AnswerHead = [id: number, status: number, headers: HeaderList] | [];

/** An item of a frame: a head in JSON, and a body. */
export interface Parcel<H> {
  head: H;
  body: WholeBody;
}

/**
 * The size of a parcel: characters of the head and bytes of the body, measured without encoding
 * either.
 */
export function sizeOfParcel({ head, body }: Parcel<RequestHead | AnswerHead>): number {
  let size = sizeOf(body);
  for (const part of head) {
    if (typeof part === "string") size += part.length + TEXT_OVERHEAD;
    else if (typeof part === "number") size += TEXT_OVERHEAD;
    else for (const text of part) size += text.length + TEXT_OVERHEAD;
  }
  return size;
}

/** Bounds of what one frame carries: a frame within them is far below {@link FRAME_BYTES_MAX}. */
export const frameBounds = {
  itemsMax: 4_096,
  bytes: { max: FRAME_SIZE_MAX, of: sizeOfParcel },
} satisfies BatchBounds<Parcel<RequestHead | AnswerHead>>;

const LENGTH_BYTES = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * `<length of the heads, 32 bits, little-endian> [[head, length of its body], …] <body> <body> …`
 */
export function encodeFrame<H>(parcels: readonly Parcel<H>[]): Uint8Array<ArrayBuffer> {
  const bodies = parcels.map(({ body }) => toBytes(body));
  const heads = encoder.encode(JSON.stringify(parcels.map(({ head }, index) => [head, bodies[index]?.byteLength])));
  const bodiesLength = bodies.reduce((length, { byteLength }) => length + byteLength, 0);
  const frame = new Uint8Array(LENGTH_BYTES + heads.byteLength + bodiesLength);
  new DataView(frame.buffer).setUint32(0, heads.byteLength, true);
  frame.set(heads, LENGTH_BYTES);
  let offset = LENGTH_BYTES + heads.byteLength;
  for (const body of bodies) {
    frame.set(body, offset);
    offset += body.byteLength;
  }
  return frame;
}

/**
 * The inverse of {@link encodeFrame}; bodies are views of the frame.
 *
 * @throws Error for what is no frame
 */
export function decodeFrame<H>(frame: Uint8Array<ArrayBuffer>): { head: H; body: Uint8Array<ArrayBuffer> }[] {
  if (frame.byteLength > FRAME_BYTES_MAX) throw new RangeError("a frame is too large");
  const headsLength = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0, true);
  let offset = LENGTH_BYTES + headsLength;
  if (offset > frame.byteLength) throw new RangeError("a frame ends within its heads");
  const heads = JSON.parse(decoder.decode(frame.subarray(LENGTH_BYTES, offset))) as [head: H, length: number][];
  const parcels = heads.map(([head, length]) => {
    const body = frame.subarray(offset, offset + length);
    if (body.byteLength !== length) throw new RangeError("a frame ends within a body");
    offset += length;
    return { head, body };
  });
  if (offset !== frame.byteLength) throw new RangeError("a frame goes on after its bodies");
  return parcels;
}
