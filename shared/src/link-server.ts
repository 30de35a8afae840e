import type { ServerWebSocket, WebSocketHandler } from "bun";
import { toHeaderList, toHeaderPairs } from "./header-list.ts";
import type { HotLane } from "./hot-routes.ts";
import {
  type AnswerHead,
  decodeFrame,
  encodeFrame,
  FRAME_BYTES_MAX,
  type Parcel,
  type RequestHead,
} from "./link-frames.ts";
import { sizeOf } from "./reply.ts";
import type { Fetch } from "./service.ts";

/** What a link keeps on this side. */
export interface LinkState {
  /** Answers of this turn of the event loop, which leave together. */
  outbox: Parcel<AnswerHead>[];
  outboxBytes: number;
  underWay: number;
}

export interface LinkServer {
  readonly handler: WebSocketHandler<LinkState>;
  /** Bids every link farewell, and waits until it is closed at the other end. */
  close(): Promise<void>;
}

// One frame of top lists does not wait until there are megabytes of them.
const OUTBOX_BYTES_MAX = 1024 * 1024;
// A gateway has less under way; whoever has more is none.
const UNDER_WAY_MAX = 4_096;
// As long as a gateway waits for an answer.
const FAREWELL_MS = 1_000;
const GOING_AWAY = 1001;
const NOT_UNDERSTOOD = 1007;
const TOO_MUCH = 1008;

export const newLinkState = (): LinkState => ({ outbox: [], outboxBytes: 0, underWay: 0 });

/**
 * Serves requests that come by WebSocket, many to a message, like those of HTTP: by the lane of hot routes where there is
 * one, and else by the same `fetch`. What is saved is a system call or two, and the parsing of HTTP, for each.
 */
export function createLinkServer(fetch: Fetch, lane?: HotLane): LinkServer {
  const links = new Set<ServerWebSocket<LinkState>>();
  let isClosing = false;
  const gone = Promise.withResolvers<void>();

  function flush(link: ServerWebSocket<LinkState>): void {
    const { outbox } = link.data;
    if (outbox.length === 0) return;
    link.data.outbox = [];
    link.data.outboxBytes = 0;
    link.send(encodeFrame(outbox));
  }

  function post(link: ServerWebSocket<LinkState>, parcel: Parcel<AnswerHead>): void {
    const { data } = link;
    if (data.outbox.length === 0) setImmediate(() => flush(link));
    data.outbox.push(parcel);
    data.outboxBytes += sizeOf(parcel.body);
    if (data.outboxBytes > OUTBOX_BYTES_MAX) flush(link);
  }

  async function answerThroughHono(
    { remoteAddress }: ServerWebSocket<LinkState>,
    head: RequestHead,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<Parcel<AnswerHead>> {
    const connection = { peer: remoteAddress, setIdleTimeout() {} };
    const response = await fetch(toRequest(head, body), connection);
    const bytes = response.body === null ? null : await response.arrayBuffer();
    return { head: [head[0], response.status, toHeaderList(response.headers)], body: bytes };
  }

  async function answer(link: ServerWebSocket<LinkState>, head: RequestHead, body: Uint8Array<ArrayBuffer>) {
    link.data.underWay++;
    try {
      post(link, await (lane?.answerLinked(head, body) ?? answerThroughHono(link, head, body)));
    } catch {
      // A request that cannot be made, or an answer that cannot be read: neither is one of ours.
      link.close(NOT_UNDERSTOOD);
    } finally {
      link.data.underWay--;
    }
  }

  return {
    handler: {
      ...{ maxPayloadLength: FRAME_BYTES_MAX, perMessageDeflate: false, sendPings: true },
      // A gateway that does not read its answers is not waited for.
      ...{ backpressureLimit: 4 * FRAME_BYTES_MAX, closeOnBackpressureLimit: true },
      open(link) {
        links.add(link);
        // A greeting: not everything that lets an upgrade pass lets messages pass.
        link.send(encodeFrame([]));
        if (isClosing) post(link, { head: [], body: null });
      },
      close(link) {
        links.delete(link);
        if (links.size === 0) gone.resolve();
      },
      message(link, message) {
        try {
          if (typeof message === "string") throw new TypeError("a frame is binary");
          const parcels = decodeFrame<RequestHead>(new Uint8Array(message));
          if (link.data.underWay + parcels.length > UNDER_WAY_MAX) return link.close(TOO_MUCH);
          for (const { head, body } of parcels) void answer(link, head, body);
        } catch {
          link.close(NOT_UNDERSTOOD);
        }
      },
    },

    async close() {
      isClosing = true;
      for (const link of links) post(link, { head: [], body: null });
      // Who is told closes by itself, once it has all its answers: what it sent meanwhile is not lost.
      if (links.size > 0) await Promise.race([gone.promise, Bun.sleep(FAREWELL_MS)]);
      for (const link of links) link.close(GOING_AWAY);
    },
  };
}

function toRequest([, method, target, list]: RequestHead, body: Uint8Array<ArrayBuffer>): Request {
  const headers = new Headers(toHeaderPairs(list));
  const url = `http://link${target}`;
  if (body.byteLength === 0) return new Request(url, { method, headers });
  headers.set("Content-Length", String(body.byteLength));
  return new Request(url, { method, headers, body });
}
