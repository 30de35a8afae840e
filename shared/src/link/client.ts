import { backoffMs } from "../base/backoff.ts";
import { gatherTurn } from "../base/gather-turn.ts";
import {
  type AnswerHead,
  decodeFrame,
  encodeFrame,
  frameBounds,
  type Greeting,
  LINK_PATH,
  LINK_VERSION,
  type LinkAnswer,
  type LinkRequest,
  PARCEL_SIZE_MAX,
  type Parcel,
  type RequestHead,
  sizeOfParcel,
} from "./frames.ts";

/** Why a link gave no answer, with a code like those of system errors. */
export class LinkError extends Error {
  readonly code: "LINK_NOT_SENT" | "LINK_LOST" | "LINK_TIMEOUT";

  constructor(code: LinkError["code"]) {
    super(`no answer over the link: ${code}`);
    this.name = "LinkError";
    this.code = code;
  }
}

/** One connection to a ranker that all requests share, many to a message. */
export interface Link {
  /** Resolves when the ranker has been tried once. */
  readonly firstTry: Promise<void>;
  isOpen(): boolean;
  /**
   * Sends a request. Returns nothing where the link cannot take it now: the caller asks by HTTP.
   *
   * @throws LinkError
   */
  send(request: LinkRequest, timeoutMs: number): Promise<LinkAnswer> | undefined;
  close(): void;
}

/** A request that waits for its answer. */
interface Waiting {
  resolve(answer: LinkAnswer): void;
  reject(error: LinkError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** One WebSocket of a link, which has another one after it. */
interface Line {
  socket: WebSocket;
  /** The ranker has greeted: what is sent now arrives. */
  hasGreeted: boolean;
  /** False before the greeting, and once nothing more is to be sent. */
  isOpen: boolean;
  isReplaced: boolean;
  waiting: Map<number, Waiting>;
  heardAtMs: number;
}

// More requests go by HTTP, where each has a connection of its own.
const WAITING_MAX = 2_048;
// The same while the socket holds as much that the ranker has not taken yet.
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;
const RETRY_MS = { min: 100, max: 5_000 };
const CONNECT_MS = 500;

/**
 * Opens a link to a ranker, and opens it again for ever where it breaks.
 *
 * @param origin `http://10.0.0.7:5000`
 */
export function openLink(origin: string): Link {
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
      waiting: new Map(),
      heardAtMs: 0,
    };
    line = own;
    const late = setTimeout(() => socket.close(), CONNECT_MS);
    socket.onmessage = ({ data }) => {
      try {
        const frame = new Uint8Array(data as ArrayBuffer);
        if (own.hasGreeted) hear(own, frame);
        else greet(frame);
      } catch {
        socket.close(); // another protocol, or another version of ours
      }
      if (!own.isOpen) replace(own);
    };
    /** @throws Error for another version */
    function greet(frame: Uint8Array<ArrayBuffer>): void {
      const [parcel] = decodeFrame<Greeting>(frame);
      if (parcel?.head[1] !== LINK_VERSION) throw new Error("the ranker speaks another version of the protocol");
      clearTimeout(late);
      failures = 0;
      own.hasGreeted = true;
      own.isOpen = true;
      firstTry.resolve();
    }
    socket.onclose = () => {
      clearTimeout(late);
      own.isOpen = false;
      for (const id of [...own.waiting.keys()]) takeWaiting(own, id)?.reject(new LinkError("LINK_LOST"));
      firstTry.resolve();
      replace(own);
    };
    socket.onerror = () => {}; // closes as well
  }

  /**
   * Opens another line in place of one that is not used any more; answers under way still come over
   * the old one.
   */
  function replace(old: Line): void {
    if (old.isReplaced || isClosed) return;
    old.isReplaced = true;
    retry = setTimeout(connect, backoffMs(++failures, RETRY_MS));
  }

  function openLine(): Line | undefined {
    if (line?.isOpen === true) return line;
    if (line?.hasGreeted === true) replace(line);
    return undefined;
  }

  connect();
  return {
    firstTry: firstTry.promise,
    isOpen: () => openLine() !== undefined,
    send(request, timeoutMs) {
      const open = openLine();
      if (open === undefined || open.waiting.size >= WAITING_MAX) return undefined;
      if (open.socket.bufferedAmount > UNSENT_BYTES_MAX) return undefined;
      const { method, target, headers, body } = request;
      const parcel: Parcel<RequestHead> = { head: [++lastId, method, target, headers], body };
      return sizeOfParcel(parcel) > PARCEL_SIZE_MAX ? undefined : sendParcel(open, parcel, timeoutMs);
    },
    close() {
      isClosed = true;
      clearTimeout(retry);
      line?.socket.close();
    },
  };
}

let lastId = 0;

const post = gatherTurn<Line, Parcel<RequestHead>>(frameBounds, flush);

function sendParcel(line: Line, parcel: Parcel<RequestHead>, timeoutMs: number): Promise<LinkAnswer> {
  const [id] = parcel.head;
  const { promise, resolve, reject } = Promise.withResolvers<LinkAnswer>();
  const sentAtMs = performance.now();
  const timer = setTimeout(() => {
    line.waiting.delete(id);
    // Not a byte since: another connection finds out whether the ranker is there at all.
    if (line.heardAtMs < sentAtMs) retire(line);
    else if (!line.isOpen) closeIfIdle(line);
    reject(new LinkError("LINK_TIMEOUT"));
  }, timeoutMs);
  line.waiting.set(id, { resolve, reject, timer });
  post(line, parcel);
  return promise;
}

function flush(parcels: readonly Parcel<RequestHead>[], line: Line): void {
  const { socket } = line;
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(encodeFrame(parcels));
    return;
  }
  for (const { head } of parcels) takeWaiting(line, head[0])?.reject(new LinkError("LINK_NOT_SENT"));
}

/** Undefined for a request that was given up. */
function takeWaiting(line: Line, id: number): Waiting | undefined {
  const waiting = line.waiting.get(id);
  if (waiting === undefined) return undefined;
  clearTimeout(waiting.timer);
  line.waiting.delete(id);
  return waiting;
}

/** Nothing more is sent over the line; what it was sent may still be answered. */
function retire(line: Line): void {
  line.isOpen = false;
  closeIfIdle(line);
}

function closeIfIdle({ socket, waiting }: Line): void {
  if (waiting.size === 0) socket.close();
}

function hear(line: Line, frame: Uint8Array<ArrayBuffer>): void {
  line.heardAtMs = performance.now();
  for (const { head, body } of decodeFrame<AnswerHead>(frame)) {
    const [id, status, headers] = head;
    if (id === undefined || status === undefined || headers === undefined) retire(line);
    else takeWaiting(line, id)?.resolve({ status, headers, body });
  }
  if (!line.isOpen) closeIfIdle(line);
}
