/** A stream from a ranker to a client. */
export interface Passage {
  readonly stream: ReadableStream<Uint8Array>;
  /** Cuts a connection that has taken nothing for a minute. To be called every 15 seconds. */
  sweep(): void;
  /** Ends the stream; a client that is still there connects again by itself. */
  end(): void;
}

export interface PassageOptions {
  /** Ends the client's connection although it has not taken everything. */
  cut: () => void;
  /** Called once, when nothing more is passed on. */
  onGone: () => void;
}

const SWEEPS_MAX = 4;

/**
 * Passes bytes on one chunk at a time, and reads the next one when the client has taken the last: bytes that a slow
 * client does not take stay with the ranker, which then skips changes. A source that breaks ends the stream as one that
 * ends does: an event arrives whole or not at all.
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
