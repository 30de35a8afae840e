import type { HeaderList } from "./header-list.ts";
import { type Reply, toBytes } from "./reply.ts";

/**
 * Where a ranker takes links: an upgrade to a WebSocket (RFC 6455), whose binary messages are frames. The first is the
 * ranker's, and empty.
 */
export const LINK_PATH = "/link";

/** The largest frame that is read; a writer ends one long before. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** `[id, method, target, headers]`: a request; ids are the asking side's, and are used once on a connection. */
export type RequestHead = [id: number, method: string, target: string, headers: HeaderList];

/** `[id, status, headers]`: the answer to a request; they come in any order. An empty head is a farewell. */
export type AnswerHead = [id: number, status: number, headers: HeaderList] | [];

/** What a frame carries several of: a head that JSON can say, and a body. */
export interface Parcel<H> {
  head: H;
  body: Reply["body"];
}

const LENGTH_BYTES = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** `<length of the heads, 32 bits, little-endian> [[head, length of its body], …] <body> <body> …` */
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

/** The inverse of {@link encodeFrame}; bodies are views of the frame. @throws Error for what is no frame */
export function decodeFrame<H>(frame: Uint8Array<ArrayBuffer>): { head: H; body: Uint8Array<ArrayBuffer> }[] {
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
