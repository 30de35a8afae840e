import type { ServerWebSocket, WebSocketHandler } from "bun";
import { Problem } from "../api/problems.ts";
import { gatherTurn } from "../base/gather-turn.ts";
import { type HeaderList, headerOf } from "../http/header-list.ts";
import { toRequestId } from "../http/incoming.ts";
import { toProblemReply } from "../http/problem-reply.ts";
import { isStream, type Reply } from "../http/reply.ts";
import {
  type AnswerHead,
  decodeFrame,
  encodeFrame,
  FRAME_BYTES_MAX,
  frameBounds,
  type Greeting,
  LINK_VERSION,
  type LinkRequest,
  PARCEL_SIZE_MAX,
  type Parcel,
  type RequestHead,
  sizeOfParcel,
} from "./frames.ts";

/** Answers a request by a link. */
export type AnswerLinked = (request: LinkRequest) => Promise<Reply>;

/** State of a link on the ranker's side. */
export interface LinkState {
  underWay: number;
}

export interface LinkServer {
  readonly handler: WebSocketHandler<LinkState>;
  /**
   * Tells every gateway to send nothing more over its link, and waits until the gateways have
   * closed them.
   */
  close(): Promise<void>;
}

// A gateway waits for half as many answers at most; requests that it gave up on may still be under
// way here. One more request is refused, and the link stays.
const UNDER_WAY_MAX = 4_096;
// As long as a gateway waits for an answer.
const FAREWELL_MS = 1_000;
const GOING_AWAY = 1001;
const NOT_UNDERSTOOD = 1007;
// No head: nothing more is to be sent.
const FAREWELL: Parcel<AnswerHead> = { head: [], body: null };

export const newLinkState = (): LinkState => ({ underWay: 0 });

/**
 * Serves requests that come by WebSocket, many to a message. A request saves a system call or two,
 * and the parsing of HTTP.
 */
export function createLinkServer(answerLinked: AnswerLinked): LinkServer {
  const links = new Set<ServerWebSocket<LinkState>>();
  let isClosing = false;
  const gone = Promise.withResolvers<void>();

  const post = gatherTurn<ServerWebSocket<LinkState>, Parcel<AnswerHead>>(
    frameBounds,
    (parcels, link) => void link.send(encodeFrame(parcels)),
  );

  async function answer(
    link: ServerWebSocket<LinkState>,
    [id, method, target, headers]: RequestHead,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const refuse = (error: unknown) => {
      const requestId = toRequestId(headerOf(headers, "x-request-id"));
      post(link, toParcel(id, toProblemReply(error, { requestId })));
    };
    if (link.data.underWay >= UNDER_WAY_MAX) return refuse(tooManyUnderWay());
    link.data.underWay++;
    try {
      post(link, toParcel(id, await answerLinked({ method, target, headers, body })));
    } catch (error) {
      refuse(error);
    } finally {
      link.data.underWay--;
    }
  }

  return {
    handler: {
      maxPayloadLength: FRAME_BYTES_MAX,
      perMessageDeflate: false,
      sendPings: true,
      // The ranker closes a link on which 64 MiB of answers wait. Without this a stuck gateway
      // would fill the ranker's memory.
      backpressureLimit: 4 * FRAME_BYTES_MAX,
      closeOnBackpressureLimit: true,
      open(link) {
        links.add(link);
        // A proxy may let an upgrade pass and no messages. So a gateway uses a link only after this
        // greeting.
        link.send(encodeFrame<Greeting>([{ head: ["link", LINK_VERSION], body: null }]));
        if (isClosing) post(link, FAREWELL);
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
          for (const { head, body } of parcels) void answer(link, head, body);
        } catch {
          link.close(NOT_UNDERSTOOD);
        }
      },
    },

    async close() {
      isClosing = true;
      for (const link of links) post(link, FAREWELL);
      // A gateway closes its link when it has all of its answers, so that no request is lost.
      if (links.size > 0) await Promise.race([gone.promise, Bun.sleep(FAREWELL_MS)]);
      for (const link of links) link.close(GOING_AWAY);
    },
  };
}

/** @throws RangeError for an answer that is too large for a link, or a stream */
function toParcel(id: number, { status, headers, body }: Reply): Parcel<AnswerHead> {
  if (isStream(body)) throw new RangeError("a stream does not go by a link");
  // Headers of every answer are left out: the gateway sets them itself.
  const list: HeaderList =
    headers !== undefined && "content-type" in headers ? [] : ["content-type", "application/json"];
  for (const name in headers) for (const value of [headers[name] ?? []].flat()) list.push(name, value);
  const parcel: Parcel<AnswerHead> = { head: [id, status, list], body };
  if (sizeOfParcel(parcel) > PARCEL_SIZE_MAX) throw new RangeError("an answer is too large for a link");
  return parcel;
}

const tooManyUnderWay = () =>
  new Problem("unavailable", "The ranking service has too many requests under way. Nothing was changed; try again.");

const isRequestHead = (head: RequestHead): boolean =>
  Array.isArray(head) &&
  typeof head[0] === "number" &&
  typeof head[1] === "string" &&
  typeof head[2] === "string" &&
  Array.isArray(head[3]);
