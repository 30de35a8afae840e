import { createDeadline } from "./deadline.ts";
import { LeaderboardError, toError } from "./errors.ts";
import { createEventParser } from "./event-stream.ts";
import { wait, waitMsBefore } from "./retry.ts";
import type { TransportOptions } from "./transport.ts";

/** An event of a stream, with the id behind which a later subscription goes on. */
export type Live<E> = E & { id: string };

export interface LiveOptions {
  signal?: AbortSignal | undefined;
  /** Goes on behind this event of an earlier subscription. */
  lastEventId?: string;
  /** Called whenever a connection is there, also one that has nothing new to tell. */
  onOpen?: () => void;
  /** Called when a connection was lost or refused for now, before the wait for the next one. */
  onLost?: (error: LeaderboardError, waitMs: number) => void;
  /** Milliseconds without a byte after which the connection counts as lost. 60,000 unless given. */
  idleMsMax?: number;
}

const IDLE_MS_MAX = 60_000;
const CONNECT_MS_MAX = 10_000;
const RECONNECT_MS_MIN = 50;

/**
 * Subscribes to a stream of events, for as long as it is iterated: a connection that is lost, or refused for now, is
 * opened again behind the last event that arrived, ever more slowly while that fails. Events that are not among
 * `names`, a later server's, are passed over.
 *
 * @throws LeaderboardError for a refusal that will not pass, and what the signal is aborted with
 */
export async function* subscribe<E extends { event: string }>(
  transport: TransportOptions,
  target: string,
  names: Readonly<Record<E["event"], true>>,
  options: LiveOptions = {},
): AsyncGenerator<Live<E>, void, undefined> {
  const { signal, idleMsMax = IDLE_MS_MAX, onOpen, onLost } = options;
  let parser = createEventParser(options.lastEventId);
  let retryMs: number | undefined;
  for (let failures = 0; ; ) {
    let lost = new LeaderboardError("no_answer", "The connection was lost.", { status: 0 });
    const deadline = createDeadline(signal);
    deadline.within(CONNECT_MS_MAX);
    try {
      signal?.throwIfAborted();
      const response = await connect(transport, target, parser.lastId, deadline.signal);
      if (response.status === 204) return; // the server's way of saying: do not come again
      deadline.within(idleMsMax);
      onOpen?.();
      for await (const piece of decode(response)) {
        for (const { event, data, id } of parser.push(piece)) {
          failures = 0;
          if (!Object.hasOwn(names, event)) continue;
          deadline.pause(); // whoever iterates takes the time that it takes
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
    // The server's own pace holds for a connection that has worked.
    const asked = lost.retryAfter ?? (failures === 1 && retryMs !== undefined ? retryMs / 1000 : undefined);
    const waitMs = Math.max(RECONNECT_MS_MIN, waitMsBefore(failures, asked));
    transport.onRetry?.(lost, waitMs);
    onLost?.(lost, waitMs);
    // What had begun to arrive when the connection was lost is not the beginning of what comes next.
    parser = createEventParser(parser.lastId);
    await wait(waitMs, signal);
  }
}

const notUnderstood = (cause: Error) =>
  new LeaderboardError("not_understood", "The stream has what is no event of a leaderboard.", { status: 200, cause });

async function connect(transport: TransportOptions, target: string, lastId: string, signal: AbortSignal) {
  const { fetch = globalThis.fetch, url } = transport;
  const headers = { Accept: "text/event-stream", ...(lastId === "" ? {} : { "Last-Event-ID": lastId }) };
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
