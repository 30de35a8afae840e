/** One event of a `text/event-stream`, as the HTML standard defines it. */
export interface StreamEvent {
  /** `message` if the server sent no name. */
  event: string;
  data: string;
  /** The last id of the stream so far; empty before the first one. */
  id: string;
}

export interface EventParser {
  /**
   * @returns the events that end within this piece.
   *
   * @throws RangeError for an event that is larger than any we send
   */
  push(piece: string): StreamEvent[];
  /** Milliseconds to wait before connecting again; `undefined` until the server has sent it. */
  readonly retryMs: number | undefined;
  /** The id of the last complete event. */
  readonly lastId: string;
}

const EVENT_CHARACTERS_MAX = 4 * 1024 * 1024;

/** Parses a stream that arrives in arbitrary pieces. @param lastId of the previous connection */
export function createEventParser(lastId = ""): EventParser {
  let rest = "";
  let event = "";
  let data: string[] = [];
  let size = 0;
  let id = lastId;
  let endedId = lastId; // of a complete event: one that breaks off has to come again
  let retryMs: number | undefined;
  let isFirst = true;

  function take(line: string): StreamEvent | undefined {
    if (line === "") {
      endedId = id;
      const ended = { event: event === "" ? "message" : event, data: data.join("\n"), id };
      const isEmpty = data.length === 0;
      [event, data, size] = ["", [], 0];
      return isEmpty ? undefined : ended;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
    else if (field === "id" && !value.includes("\0")) id = value;
    else if (field === "retry" && /^\d+$/.test(value)) retryMs = Number(value);
    size += line.length;
    return undefined;
  }

  return {
    push(piece) {
      rest += isFirst ? piece.replace(/^\uFEFF/, "") : piece;
      if (piece !== "") isFirst = false;
      const events: StreamEvent[] = [];
      // A CR at the end may be the first half of a CRLF, so it is kept for the next piece.
      for (let end = /\r\n|\n|\r(?!$)/.exec(rest); end !== null; end = /\r\n|\n|\r(?!$)/.exec(rest)) {
        const ended = take(rest.slice(0, end.index));
        if (ended !== undefined) events.push(ended);
        rest = rest.slice(end.index + end[0].length);
      }
      if (rest.length + size > EVENT_CHARACTERS_MAX) throw new RangeError("an event of the stream is too large");
      return events;
    },
    get retryMs() {
      return retryMs;
    },
    get lastId() {
      return endedId;
    },
  };
}
