import type { Feed, Portion } from "./feed.ts";

/** One client of a stream. */
export interface Viewer {
  readonly stream: ReadableStream<Uint8Array>;
  /** Sends what is new, once the connection is ready for it. */
  wake(): void;
  /** Called every 15 seconds: keeps the connection alive, or cuts it after an idle minute. */
  beat(): void;
  /** Ends the stream, and tells the client when to reconnect. */
  end(): void;
}

export interface ViewerOptions {
  feed: Pick<Feed<never>, "begin" | "after">;
  lastEventId?: string | undefined;
  onSent: (portion: Portion) => void;
  /** Ends a connection that takes no bytes, and so would not take the end of the stream. */
  cut: () => void;
  /** Called once, when the viewer has gone. */
  onGone: () => void;
}

// A minute. A client that takes no bytes in that time has gone.
const BEATS_MISSED_MAX = 4;
const BEAT = new TextEncoder().encode(":\n\n");

/**
 * How long a client waits before it reconnects: long enough for the gateways to learn which rankers
 * are ready, and random, so that clients do not all return at once.
 */
const retryHint = () => new TextEncoder().encode(`retry: ${700 + Math.floor(Math.random() * 1_300)}\n\n`);

/**
 * Opens the stream of one viewer. The stream is pulled when the connection has taken the last
 * bytes, and never holds more than one portion. A slow viewer gets several changes at once, or a
 * snapshot when it has missed too many.
 */
export function openViewer({ feed, lastEventId, onSent, cut, onGone }: ViewerOptions): Viewer {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let position: number | undefined;
  let isReady = false;
  let missedBeats = 0;

  function send(bytes: Uint8Array): void {
    isReady = false;
    controller?.enqueue(bytes);
  }

  function leave(): void {
    if (controller === undefined) return;
    controller = undefined;
    onGone();
  }

  function wake(): void {
    if (!isReady || position === undefined) return;
    const portion = feed.after(position);
    if (portion === undefined) return;
    position = portion.position;
    send(portion.bytes);
    onSent(portion);
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(started) {
        controller = started;
      },
      pull() {
        isReady = true;
        missedBeats = 0;
        if (position !== undefined) return wake();
        const first = feed.begin(lastEventId);
        position = first.position;
        send(Buffer.concat([retryHint(), first.bytes]));
        onSent(first);
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );

  return {
    stream,
    wake,
    beat() {
      if (isReady) send(BEAT);
      else if (++missedBeats >= BEATS_MISSED_MAX) cut();
    },
    end() {
      if (isReady) send(retryHint());
      else cut();
      controller?.close();
      leave();
    },
  };
}
