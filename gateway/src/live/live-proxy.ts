import { Problem } from "shared/api/problems";
import { FIRST_ATTEMPT_MS } from "shared/base/deadlines";
import { toHeaderList, toHeaderPairs } from "shared/http/header-list";
import type { HeaderRecord, Reply } from "shared/http/reply";
import type { Handle } from "shared/http/serve";
import { type Outgoing, type Sent, toClientHeaders, toOutgoing } from "../upstream/pass-on.ts";
import { markDown, type Pool, pick, type Upstream, wasNeverConnected } from "../upstream/upstreams.ts";
import { openPassage, type Passage } from "./passage.ts";
import type { LiveSlots } from "./slots.ts";

export interface LiveClient {
  address: string;
  /** Aborted when the client disconnects. */
  signal: AbortSignal | undefined;
  /** Closes the connection, also before the client has read everything. */
  cut: () => void;
}

/** Passes streams of events from a ranker to clients. */
export interface LiveProxy {
  /**
   * Resolves with a stream, whose fact `ended` resolves when it ends, or with a ranker's refusal.
   *
   * @throws Problem `too_many_streams`, `unavailable`, `no_upstream`
   */
  open(outgoing: Outgoing, client: LiveClient): Promise<Reply>;
  /** Ends every stream. Later calls of `open` are refused. */
  close(): void;
}

export interface LiveProxyOptions {
  pool: Pool;
  slots: LiveSlots;
  onStreams: (open: number) => void;
}

const ATTEMPTS_MAX = 2;
const SWEEP_INTERVAL_MS = 15_000;

export function createLiveProxy({ pool, slots, onStreams }: LiveProxyOptions): LiveProxy {
  const passages = new Set<Passage>();
  let isClosed = false;
  let sweeps: ReturnType<typeof setInterval> | undefined;

  /** Tries another upstream if one does not answer or has no room: the client has no byte yet. */
  async function connect(outgoing: Outgoing): Promise<Connected> {
    let failed: { upstream: Upstream; cause?: unknown; refusal?: Connected } | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const upstream = pick(pool, failed?.upstream);
      if (upstream === undefined) break;
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
    throw new Problem("unavailable", "The ranking service does not answer. Try again.", {
      cause: failed.cause,
      facts: { upstream: failed.upstream.address },
    });
  }

  function pass(source: ReadableStream<Uint8Array>, client: LiveClient, leave: () => void): ReadableStream<Uint8Array> {
    const passage = openPassage(source, { cut: client.cut, onGone: () => gone(passage, leave) });
    passages.add(passage);
    onStreams(passages.size);
    sweeps ??= setInterval(() => {
      for (const each of passages) each.sweep();
    }, SWEEP_INTERVAL_MS);
    client.signal?.addEventListener("abort", passage.end, { once: true });
    if (client.signal?.aborted === true || isClosed) passage.end();
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
      try {
        const { upstream, status, headers, body: source } = await connect(outgoing);
        if (source instanceof ArrayBuffer) {
          giveBack();
          return { status, headers, body: source, facts: { upstream } };
        }
        const { promise: ended, resolve: end } = Promise.withResolvers<void>();
        const leave = () => {
          giveBack();
          end();
        };
        return { status, headers, body: pass(source, client, leave), facts: { upstream, ended } };
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

interface Connected {
  /** Its address. */
  upstream: string;
  status: number;
  headers: HeaderRecord;
  body: ReadableStream<Uint8Array> | ArrayBuffer;
}

/** Resolves at the headers for a 200 stream, otherwise when the body has been read. */
async function ask(upstream: Upstream, { target, headers }: Outgoing): Promise<Connected> {
  const aborted = new AbortController();
  const late = setTimeout(() => aborted.abort(), FIRST_ATTEMPT_MS);
  try {
    const asked = { headers: toHeaderPairs(headers), redirect: "manual", signal: aborted.signal } as const;
    const response = await fetch(upstream.origin + target, asked);
    return {
      upstream: upstream.address,
      status: response.status,
      headers: toClientHeaders(toHeaderList(response.headers), upstream.address),
      body: response.status === 200 && response.body !== null ? response.body : await response.arrayBuffer(),
    };
  } finally {
    clearTimeout(late);
  }
}

const CUT_SECONDS = 1;

/** Passes a stream on; `HEAD` of one is an answer like any other. */
export const streamOperation =
  (operation: Sent, live: LiveProxy, ask: Handle): Handle =>
  async (incoming) => {
    if (incoming.method === "HEAD") return ask(incoming);
    const reply = await live.open(await toOutgoing(incoming, operation), {
      address: incoming.client.address,
      signal: incoming.signal(),
      cut: () => incoming.setIdleTimeout(CUT_SECONDS),
    });
    // The ranker's beats tell a connection that lives from one that does not.
    if (reply.facts?.ended !== undefined) incoming.setIdleTimeout(0);
    return reply;
  };
