import { backoffMs } from "shared/base/backoff";
import { gatherTurn } from "shared/base/gather-turn";
import type { HeaderList } from "shared/http/header-list";
import {
  type AnswerHead,
  decodeFrame,
  encodeFrame,
  frameBounds,
  LINK_PATH,
  PARCEL_SIZE_MAX,
  type Parcel,
  type RequestHead,
  sizeOfParcel,
} from "shared/link/frames";
import type { Pool, Upstream } from "./upstreams.ts";

/** A request as it goes over a link. */
export interface LinkRequest {
  method: string;
  target: string;
  headers: HeaderList;
  body: Uint8Array<ArrayBuffer> | undefined;
}

export interface LinkAnswer {
  status: number;
  headers: HeaderList;
  body: Uint8Array<ArrayBuffer>;
}

/** Why a link gave no answer, in the way of system errors. */
export class LinkError extends Error {
  readonly code: "LINK_NOT_SENT" | "LINK_LOST" | "LINK_TIMEOUT";

  constructor(code: LinkError["code"]) {
    super(`no answer over the link: ${code}`);
    this.name = "LinkError";
    this.code = code;
  }
}

/** One connection to each upstream that all requests share, many to a message. */
export interface Links {
  /** Resolves when every upstream has been tried once. */
  readonly firstTry: Promise<void>;
  readonly open: (upstream: Upstream) => boolean;
  /**
   * Asks an upstream over its link; nothing where there is none now, and HTTP has to do.
   *
   * @throws LinkError
   */
  ask(upstream: Upstream, request: LinkRequest, timeoutMs: number): Promise<LinkAnswer> | undefined;
  close(): void;
}

interface Asked {
  resolve(answer: LinkAnswer): void;
  reject(error: LinkError): void;
  timer: ReturnType<typeof setTimeout>;
}

interface Line {
  socket: WebSocket;
  hasGreeted: boolean;
  /** False before it is connected, and once nothing more is to be sent over it. */
  isOpen: boolean;
  isReplaced: boolean;
  asked: Map<number, Asked>;
  heardAtMs: number;
}

// More go by HTTP, where each has a connection of its own.
const ASKED_MAX = 2_048;
// The same while the socket holds as much that the upstream has not taken yet.
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;
const RETRY_MS = { min: 100, max: 5_000 };
const CONNECT_MS = 500;

/** Keeps a link to each upstream of the pool, and tries again for ever where there is none. */
export function createLinks({ upstreams }: Pool): Links {
  const links = new Map(upstreams.map((upstream) => [upstream, keepLink(upstream.origin)]));
  return {
    firstTry: Promise.all([...links.values()].map(({ firstTry }) => firstTry)).then(() => {}),
    open: (upstream) => links.get(upstream)?.open() !== undefined,
    ask(upstream, request, timeoutMs) {
      const line = links.get(upstream)?.open();
      if (line === undefined || line.asked.size >= ASKED_MAX) return undefined;
      if (line.socket.bufferedAmount > UNSENT_BYTES_MAX) return undefined;
      const parcel = toParcel(request);
      if (sizeOfParcel(parcel) > PARCEL_SIZE_MAX) return undefined;
      return ask(line, parcel, timeoutMs);
    },
    close() {
      for (const link of links.values()) link.close();
    },
  };
}

let lastId = 0;

const toParcel = ({ method, target, headers, body }: LinkRequest): Parcel<RequestHead> => ({
  head: [++lastId, method, target, headers],
  body: body ?? null,
});

const post = gatherTurn<Line, Parcel<RequestHead>>(frameBounds, flush);

function ask(line: Line, parcel: Parcel<RequestHead>, timeoutMs: number): Promise<LinkAnswer> {
  const [id] = parcel.head;
  const { promise, resolve, reject } = Promise.withResolvers<LinkAnswer>();
  const askedAtMs = performance.now();
  const timer = setTimeout(() => {
    line.asked.delete(id);
    // Not a byte since: whether the other end is there at all is found out over another connection.
    if (line.heardAtMs < askedAtMs) retire(line);
    else if (!line.isOpen) closeIfIdle(line);
    reject(new LinkError("LINK_TIMEOUT"));
  }, timeoutMs);
  line.asked.set(id, { resolve, reject, timer });
  post(line, parcel);
  return promise;
}

function flush(parcels: readonly Parcel<RequestHead>[], line: Line): void {
  const { socket } = line;
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(encodeFrame(parcels));
    return;
  }
  for (const { head } of parcels) settle(line, head[0])?.reject(new LinkError("LINK_NOT_SENT"));
}

/** Takes a request off the list of those that wait. */
function settle(line: Line, id: number): Asked | undefined {
  const asked = line.asked.get(id);
  if (asked === undefined) return undefined; // too late
  clearTimeout(asked.timer);
  line.asked.delete(id);
  return asked;
}

/** Nothing more is sent over it; what it was sent may still be answered. */
function retire(line: Line): void {
  line.isOpen = false;
  closeIfIdle(line);
}

function closeIfIdle({ socket, asked }: Line): void {
  if (asked.size === 0) socket.close();
}

function hear(line: Line, frame: ArrayBuffer): void {
  line.heardAtMs = performance.now();
  for (const { head, body } of decodeFrame<AnswerHead>(new Uint8Array(frame))) {
    const [id, status, headers] = head;
    if (id === undefined || status === undefined || headers === undefined) retire(line);
    else settle(line, id)?.resolve({ status, headers, body });
  }
  if (!line.isOpen) closeIfIdle(line);
}

function keepLink(origin: string) {
  const url = origin.replace(/^http/, "ws") + LINK_PATH;
  const firstTry = Promise.withResolvers<void>();
  let line: Line | undefined;
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  function connect(): void {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const own: Line = {
      socket,
      hasGreeted: false,
      isOpen: false,
      isReplaced: false,
      asked: new Map(),
      heardAtMs: 0,
    };
    line = own;
    const late = setTimeout(() => socket.close(), CONNECT_MS);
    /** The other end has spoken: what is sent now arrives. */
    const onGreeting = () => {
      clearTimeout(late);
      failures = 0;
      own.hasGreeted = true;
      own.isOpen = true;
      firstTry.resolve();
    };
    socket.onmessage = ({ data }) => {
      if (!own.hasGreeted) onGreeting();
      try {
        hear(own, data as ArrayBuffer);
      } catch {
        socket.close(); // speaks another language
      }
      if (!own.isOpen) replace(own);
    };
    socket.onclose = () => {
      clearTimeout(late);
      own.isOpen = false;
      for (const id of [...own.asked.keys()]) settle(own, id)?.reject(new LinkError("LINK_LOST"));
      firstTry.resolve();
      replace(own);
    };
    socket.onerror = () => {}; // closes as well
  }

  /** Opens another in place of one that is not used any more; the answers that are still on their way come over it. */
  function replace(old: Line): void {
    if (old.isReplaced || isClosed) return;
    old.isReplaced = true;
    retry = setTimeout(connect, backoffMs(++failures, RETRY_MS));
  }

  connect();
  return {
    firstTry: firstTry.promise,
    /** The link, where there is one that can be used. */
    open() {
      if (line?.isOpen === true) return line;
      if (line?.hasGreeted === true) replace(line);
      return undefined;
    },
    close() {
      isClosed = true;
      clearTimeout(retry);
      line?.socket.close();
    },
  };
}
