/** A stream from a ranker to a client. */
export interface Passage {
  readonly stream: ReadableStream<Uint8Array>;
  /** To be called every 15 seconds: cuts a connection that has read nothing for a minute. */
  sweep(): void;
  /** Ends the stream. A client that is still connected reconnects by itself. */
  end(): void;
}

export interface PassageOptions {
  /** Closes the client's connection, also before it has read everything. */
  cut: () => void;
  /** Called once, at the end of the stream. */
  onGone: () => void;
}

const SWEEPS_MAX = 4;

/**
 * Reads a chunk from the ranker only when the client has read the last one. Otherwise the gateway
 * would hold what a slow client does not read; the ranker skips changes for it instead. A source
 * that breaks ends the stream like one that ends.
 */
export function openPassage(source: ReadableStream<Uint8Array>, { cut, onGone }: PassageOptions): Passage {
  const reader = source.getReader();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let isTaking = false;
  let sweeps = 0;

  function leave(): void {
    if (controller === undefined) return;
    controller = undefined;
    onGone();
    void reader.cancel().catch(() => {});
  }

  function end(): void {
    if (!isTaking) cut();
    controller?.close();
    leave();
  }

  const stream = new ReadableStream<Uint8Array>(
    {
      start(started) {
        controller = started;
      },
      async pull() {
        isTaking = true;
        sweeps = 0;
        const chunk = await reader.read().catch(() => undefined);
        if (chunk === undefined || chunk.done) return end();
        isTaking = false;
        controller?.enqueue(chunk.value);
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  );

  return {
    stream,
    end,
    sweep() {
      if (!isTaking && ++sweeps >= SWEEPS_MAX) cut();
    },
  };
}
