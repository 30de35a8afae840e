/** A reader of live streams. */

/** An event as a client reads it. `retry:` hints and comments are events, too. */
export interface StreamEvent {
  event: string;
  id?: string | undefined;
  data: unknown;
}

/** A stream of Server-Sent Events. */
export interface EventStream {
  response: Response;
  /**
   * The next event with one of these names, or any but comments and hints; undefined at the end of
   * the stream.
   */
  next(...names: string[]): Promise<StreamEvent | undefined>;
  close(): void;
}

/** Opens a stream. Resolves at the headers of any status. */
export async function openEvents(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
  const ended = new AbortController();
  const response = await fetch(url, { headers, signal: ended.signal });
  let chunks: AsyncIterator<Uint8Array> | undefined;
  const decoder = new TextDecoder();
  let text = "";
  return {
    response,
    async next(...names) {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end >= 0) {
          const event = parse(text.slice(0, end));
          text = text.slice(end + 2);
          if (names.length > 0 ? names.includes(event.event) : !["comment", "retry"].includes(event.event))
            return event;
          continue;
        }
        // Opened late: the test reads the body of a refusal.
        chunks ??= response.body?.[Symbol.asyncIterator]();
        const chunk = await chunks?.next().catch(() => undefined);
        if (chunk === undefined || chunk.done) return undefined;
        text += decoder.decode(chunk.value, { stream: true });
      }
    },
    close: () => ended.abort(),
  };
}

function parse(block: string): StreamEvent {
  if (block.startsWith(":")) return { event: "comment", data: block.slice(1).trim() };
  const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)));
  const { event, id, data, retry } = fields as Record<string, string>;
  if (retry !== undefined) return { event: "retry", data: Number(retry) };
  return {
    event: event ?? "message",
    id,
    data: JSON.parse(data ?? "null") as unknown,
  };
}
