/** One event of a `text/event-stream`, as the HTML standard has it. */
export interface StreamEvent {
  /** `message` where the server named none. */
  event: string;
  data: string;
  /** The last id that the stream has had; empty while there was none. */
  id: string;
}

export interface EventParser {
  /** Events that end within this piece. @throws RangeError for one that is larger than any that is sent */
  push(piece: string): StreamEvent[];
  /** Milliseconds to wait before connecting again, once the server has said. */
  readonly retryMs: number | undefined;
  readonly lastId: string;
}

const EVENT_CHARACTERS_MAX = 4 * 1024 * 1024;

/** Cuts a stream into events, wherever its pieces begin and end. @param lastId of the connection before */
export function createEventParser(lastId = ""): EventParser {
  let rest = "";
  let event = "";
  let data: string[] = [];
  let size = 0;
  let id = lastId;
  let endedId = lastId; // of an event that is whole: one that breaks off has to come again
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
      // A CR at the end may be the first half of a CRLF: it waits for the next piece.
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
