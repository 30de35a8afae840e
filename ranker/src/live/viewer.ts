import type { Feed, Portion } from "./feed.ts";

/** Somebody who looks. */
export interface Viewer {
  readonly stream: ReadableStream<Uint8Array>;
  /** Sends what is new, where the connection takes it; a viewer that is not ready gets it later, all at once. */
  wake(): void;
  /** Keeps the connection alive, or cuts it where it has taken nothing for a minute. To be called every 15 seconds. */
  beat(): void;
  /** Ends the stream, and asks the client to come back after a moment. */
  end(): void;
}

export interface ViewerOptions {
  feed: Pick<Feed<never>, "begin" | "after">;
  lastEventId?: string | undefined;
  onSent: (portion: Portion) => void;
  /** Ends a connection that takes nothing, and would not take the end of the stream either. */
  cut: () => void;
  /** Called once, when nobody looks any more. */
  onGone: () => void;
}

// A minute. Whoever takes nothing in that time is gone, or no client.
const BEATS_MISSED_MAX = 4;
const BEAT = new TextEncoder().encode(":\n\n");

/**
 * How long a client waits before it connects again: long enough that the gateways know who is ready by then, and at
 * another moment than everybody else.
 */
const retryHint = () => new TextEncoder().encode(`retry: ${700 + Math.floor(Math.random() * 1_300)}\n\n`);

/**
 * The stream of one viewer. It is asked for bytes when the connection has taken what there was, and never holds more
 * than one portion: a viewer that is slow misses changes, and begins anew with a snapshot when it has missed too many.
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
