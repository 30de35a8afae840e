import type { ServerWebSocket, WebSocketHandler } from "bun";
import { Problem, toProblem, toProblemReply } from "../api/problems.ts";
import { gatherTurn } from "../base/gather-turn.ts";
import { headerOf, toHeaderList, toHeaderPairs } from "../http/header-list.ts";
import type { HotLane } from "../http/hot-routes.ts";
import { toRequestId } from "../http/http.ts";
import type { Fetch } from "../service/service.ts";
import {
  type AnswerHead,
  decodeFrame,
  encodeFrame,
  FRAME_BYTES_MAX,
  frameBounds,
  PARCEL_SIZE_MAX,
  type Parcel,
  type RequestHead,
  sizeOfParcel,
} from "./frames.ts";

/** What a link keeps on this side. */
export interface LinkState {
  underWay: number;
}

export interface LinkServer {
  readonly handler: WebSocketHandler<LinkState>;
  /** Bids every link farewell, and waits until it is closed at the other end. */
  close(): Promise<void>;
}

// A gateway waits for half as many answers at most; requests that it gave up on may still be under way here. One more
// request is refused, and the link stays.
const UNDER_WAY_MAX = 4_096;
// As long as a gateway waits for an answer.
const FAREWELL_MS = 1_000;
// What a request by a link has for a host.
const LINK_ORIGIN = "http://link";
const GOING_AWAY = 1001;
const NOT_UNDERSTOOD = 1007;

export const newLinkState = (): LinkState => ({ underWay: 0 });

/**
 * Serves requests that come by WebSocket, many to a message, like those of HTTP: by the lane of hot routes where there is
 * one, and else by the same `fetch`. What is saved is a system call or two, and the parsing of HTTP, for each.
 */
export function createLinkServer(fetch: Fetch, lane?: HotLane): LinkServer {
  const links = new Set<ServerWebSocket<LinkState>>();
  let isClosing = false;
  const gone = Promise.withResolvers<void>();

  const post = gatherTurn<ServerWebSocket<LinkState>, Parcel<AnswerHead>>(
    frameBounds,
    (parcels, link) => void link.send(encodeFrame(parcels)),
  );

  /** Answers one request with a problem; the link and the other requests on it go on. */
  function refuse(link: ServerWebSocket<LinkState>, [id, , , list]: RequestHead, problem: Problem): void {
    const requestId = toRequestId(headerOf(list, "x-request-id"));
    const { status, headers, body } = toProblemReply(problem, requestId);
    post(link, { head: [id, status, Object.entries({ ...headers, "x-request-id": requestId }).flat(2)], body });
  }

  async function answerThroughHono(
    { remoteAddress }: ServerWebSocket<LinkState>,
    head: RequestHead,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<Parcel<AnswerHead>> {
    const request = toRequest(head, body);
    // A gateway sends what its own URL was: a target that changes in this one was never checked there.
    const hasAmbiguousPath = request.url !== `${LINK_ORIGIN}${head[2]}`;
    const connection = { peer: remoteAddress, setIdleTimeout() {}, hasAmbiguousPath };
    const response = await fetch(request, connection);
    const bytes = response.body === null ? null : await response.arrayBuffer();
    return { head: [head[0], response.status, toHeaderList(response.headers)], body: bytes };
  }

  async function answer(link: ServerWebSocket<LinkState>, head: RequestHead, body: Uint8Array<ArrayBuffer>) {
    link.data.underWay++;
    try {
      const parcel = await (lane?.answerLinked(head, body) ?? answerThroughHono(link, head, body));
      if (sizeOfParcel(parcel) > PARCEL_SIZE_MAX) throw new RangeError("an answer is too large for a link");
      post(link, parcel);
    } catch (error) {
      // A request that cannot be made, or an answer that cannot be read.
      refuse(link, head, toProblem(error));
    } finally {
      link.data.underWay--;
    }
  }

  return {
    handler: {
      maxPayloadLength: FRAME_BYTES_MAX,
      perMessageDeflate: false,
      sendPings: true,
      // A gateway that does not read its answers is not waited for.
      backpressureLimit: 4 * FRAME_BYTES_MAX,
      closeOnBackpressureLimit: true,
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
          if (!parcels.every(({ head }) => isRequestHead(head))) throw new TypeError("a head is no request's");
          for (const { head, body } of parcels) {
            if (link.data.underWay < UNDER_WAY_MAX) void answer(link, head, body);
            else refuse(link, head, tooManyUnderWay());
          }
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

const tooManyUnderWay = () =>
  new Problem("unavailable", "The ranking service has too many requests under way. Nothing was changed; try again.");

const isRequestHead = (head: RequestHead): boolean =>
  Array.isArray(head) &&
  typeof head[0] === "number" &&
  typeof head[1] === "string" &&
  typeof head[2] === "string" &&
  Array.isArray(head[3]);

function toRequest([, method, target, list]: RequestHead, body: Uint8Array<ArrayBuffer>): Request {
  const headers = new Headers(toHeaderPairs(list));
  const url = `${LINK_ORIGIN}${target}`;
  if (body.byteLength === 0) return new Request(url, { method, headers });
  headers.set("Content-Length", String(body.byteLength));
  return new Request(url, { method, headers, body });
}
