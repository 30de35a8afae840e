import { createDeadline } from "./deadline.ts";
import { LeaderboardError, toError } from "./errors.ts";
import { createEventParser } from "./event-stream.ts";
import { wait, waitMsBefore } from "./retry.ts";
import { originOf, type TransportOptions } from "./transport.ts";

/** An event of a stream. A later subscription can continue after its id. */
export type Live<E> = E & { id: string };

export interface LiveOptions {
  signal?: AbortSignal | undefined;
  /** Continues after this event of an earlier subscription. */
  lastEventId?: string | undefined;
  /** Called for each connection, also one without new events. */
  onOpen?: (() => void) | undefined;
  /** Called when a connection is lost or temporarily refused, before the wait for the next one. */
  onLost?: ((error: LeaderboardError, waitMs: number) => void) | undefined;
  /** A connection without a byte for this time counts as lost. Default 60,000. */
  idleMsMax?: number | undefined;
}

export interface StreamTransport extends TransportOptions {
  /** Sent with each connection. */
  headers?: Record<string, string>;
}

const IDLE_MS_MAX = 60_000;
const CONNECT_MS_MAX = 10_000;
const RECONNECT_MS_MIN = 50;

/**
 * Subscribes to a stream of events for as long as the caller iterates. A connection that is lost,
 * or temporarily refused, is opened again after the last event, with backoff. Events that are not
 * among `names`, of a later server, are skipped.
 *
 * @throws LeaderboardError for a permanent refusal; the reason of an aborted signal
 */
export async function* subscribe<E extends { event: string }>(
  transport: StreamTransport,
  target: string,
  names: Readonly<Record<E["event"], true>>,
  options: LiveOptions = {},
): AsyncGenerator<Live<E>, void, undefined> {
  const { signal, idleMsMax = IDLE_MS_MAX, onOpen, onLost } = options;
  let parser = createEventParser(options.lastEventId);
  let retryMs: number | undefined;
  for (let failures = 0; ; ) {
    let lost = new LeaderboardError("no_answer", `The connection to ${originOf(transport.url)} was lost.`, {
      status: 0,
    });
    const deadline = createDeadline(signal);
    deadline.within(CONNECT_MS_MAX);
    try {
      signal?.throwIfAborted();
      const response = await connect(transport, target, parser.lastId, deadline.signal);
      if (response.status === 204) return; // the server ends the subscription (HTML standard)
      deadline.within(idleMsMax);
      onOpen?.();
      for await (const piece of decode(response)) {
        for (const { event, data, id } of parser.push(piece)) {
          failures = 0;
          if (!Object.hasOwn(names, event)) continue;
          deadline.pause(); // the caller may take any time
          yield { event, data: JSON.parse(data), id } as unknown as Live<E>;
        }
        deadline.within(idleMsMax);
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof SyntaxError || error instanceof RangeError) throw notUnderstood(error);
      if (error instanceof LeaderboardError) {
        if (error.status !== 429 && error.status < 500) throw error;
        lost = error;
      }
    } finally {
      deadline.end();
    }
    failures++;
    retryMs = parser.retryMs ?? retryMs;
    // The server's `retry` is meant for connections that have worked.
    const retryAfter = lost.retryAfter ?? (failures === 1 && retryMs !== undefined ? retryMs / 1000 : undefined);
    const waitMs = Math.max(RECONNECT_MS_MIN, waitMsBefore(failures, retryAfter));
    transport.onRetry?.(lost, waitMs);
    onLost?.(lost, waitMs);
    // Drops the part of an event that had arrived.
    parser = createEventParser(parser.lastId);
    await wait(waitMs, signal);
  }
}

const notUnderstood = (cause: Error) =>
  new LeaderboardError("not_understood", "The stream contains an event that is not one of a leaderboard.", {
    status: 200,
    cause,
  });

async function connect(transport: StreamTransport, target: string, lastId: string, signal: AbortSignal) {
  const { fetch = globalThis.fetch, url } = transport;
  const headers: Record<string, string> = { ...transport.headers, Accept: "text/event-stream" };
  if (lastId !== "") headers["Last-Event-ID"] = lastId;
  const response = await fetch(url.replace(/\/+$/, "") + target, { headers, cache: "no-store", signal });
  const isStream = response.headers.get("Content-Type")?.startsWith("text/event-stream") === true;
  if (response.status === 204 || (response.ok && isStream)) return response;
  throw await toError(response);
}

async function* decode({ body }: Response): AsyncGenerator<string, void, undefined> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    yield decoder.decode(next.value, { stream: true });
  }
}
