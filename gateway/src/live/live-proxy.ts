import { Problem } from "shared/api/problems";
import { toHeaderList, toHeaderPairs } from "shared/http/header-list";
import type { HeaderRecord } from "shared/http/reply";
import { toClientHeaders } from "../edge/headers.ts";
import { type Outgoing, wasNeverConnected } from "../upstream/proxy.ts";
import { markDown, type Pool, pick, type Upstream } from "../upstream/upstreams.ts";
import { openPassage, type Passage } from "./passage.ts";
import type { LiveSlots } from "./slots.ts";

/** A stream on its way to a client, or the refusal of one, whole. */
export interface LiveAnswer {
  status: number;
  headers: HeaderRecord;
  body: ReadableStream<Uint8Array> | ArrayBuffer;
  /** Resolves when nothing more is sent. */
  ended: Promise<void>;
}

export interface LiveClient {
  address: string;
  /** Aborted when the client has gone. */
  signal: AbortSignal;
  /** Ends the connection, whatever the client takes. */
  cut: () => void;
  onAttempt: (upstream: Upstream) => void;
}

/** Streams of events, passed on from a ranker as they come. */
export interface LiveProxy {
  /** @throws Problem `too_many_streams`, `unavailable`, `no_upstream` */
  open(outgoing: Outgoing, client: LiveClient): Promise<LiveAnswer>;
  /** Ends every stream, and begins none any more. */
  close(): void;
}

export interface LiveProxyOptions {
  pool: Pool;
  slots: LiveSlots;
  onStreams: (open: number) => void;
}

// As for every other answer: a client learns within a second whether there will be one.
const HEAD_DEADLINE_MS = 450;
const ATTEMPTS_MAX = 2;
const SWEEP_INTERVAL_MS = 15_000;

export function createLiveProxy({ pool, slots, onStreams }: LiveProxyOptions): LiveProxy {
  const passages = new Set<Passage>();
  let isClosed = false;
  let sweeps: ReturnType<typeof setInterval> | undefined;

  /** Another upstream is tried where one does not answer, or has no room: nothing has gone to the client yet. */
  async function connect(outgoing: Outgoing, { onAttempt }: LiveClient): Promise<Connected> {
    let failed: { upstream: Upstream; cause?: unknown; refusal?: Connected } | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const upstream = pick(pool, failed?.upstream);
      if (upstream === undefined) break;
      onAttempt(upstream);
      try {
        const connected = await ask(upstream, outgoing);
        if (connected.status !== 503) return connected;
        failed = { upstream, refusal: connected };
      } catch (cause) {
        if (wasNeverConnected(cause)) markDown(upstream);
        failed = { upstream, cause };
      }
    }
    if (failed === undefined) throw new Problem("no_upstream", "No ranking service is up. Try again shortly.");
    if (failed.refusal !== undefined) return failed.refusal;
    throw new Problem("unavailable", "The ranking service does not answer. Try again.", failed);
  }

  function pass(source: ReadableStream<Uint8Array>, client: LiveClient, leave: () => void): ReadableStream<Uint8Array> {
    const passage = openPassage(source, { cut: client.cut, onGone: () => gone(passage, leave) });
    passages.add(passage);
    onStreams(passages.size);
    sweeps ??= setInterval(() => {
      for (const each of passages) each.sweep();
    }, SWEEP_INTERVAL_MS);
    client.signal.addEventListener("abort", passage.end, { once: true });
    if (client.signal.aborted || isClosed) passage.end();
    return passage.stream;
  }

  function gone(passage: Passage, leave: () => void): void {
    leave();
    passages.delete(passage);
    onStreams(passages.size);
    if (passages.size > 0) return;
    clearInterval(sweeps);
    sweeps = undefined;
  }

  return {
    async open(outgoing, client) {
      if (isClosed) throw new Problem("unavailable", "This gateway stops. Try again.");
      const giveBack = slots.take(client.address);
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      try {
        const { body: source, ...head } = await connect(outgoing, client);
        if (source instanceof ArrayBuffer) {
          giveBack();
          end();
          return { ...head, body: source, ended };
        }
        const leave = () => {
          giveBack();
          end();
        };
        return { ...head, body: pass(source, client, leave), ended };
      } catch (error) {
        giveBack();
        throw error;
      }
    },

    close() {
      isClosed = true;
      for (const passage of passages) passage.end();
    },
  };
}

type Connected = Omit<LiveAnswer, "ended">;

/** Asks one upstream: a stream is there when its head is, anything else when it is whole. */
async function ask(upstream: Upstream, { target, headers }: Outgoing): Promise<Connected> {
  const aborted = new AbortController();
  const late = setTimeout(() => aborted.abort(), HEAD_DEADLINE_MS);
  try {
    const asked = { headers: toHeaderPairs(headers), redirect: "manual", signal: aborted.signal } as const;
    const response = await fetch(upstream.origin + target, asked);
    return {
      status: response.status,
      headers: toClientHeaders(toHeaderList(response.headers), upstream.address),
      body: response.status === 200 && response.body !== null ? response.body : await response.arrayBuffer(),
    };
  } finally {
    clearTimeout(late);
  }
}
