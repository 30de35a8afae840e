/** A line of a file without its end. */
export interface Line {
  /** From 1 on. */
  number: number;
  /** Undefined for a line that is too long. */
  text: string | undefined;
  /** Bytes read so far, this line included. */
  bytes: number;
}

const LINE_BYTES_MAX = 16 * 1024;
const LF = 0x0a;

/** Splits a stream at LF or CRLF. Holds at most one chunk and 16 KiB of a line in memory. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let number = 0;
  let bytes = 0;
  const take = (part: Uint8Array): Line => {
    const length = heldBytes + part.length;
    const whole = length > LINE_BYTES_MAX ? undefined : Buffer.concat([...held, part]).toString("utf8");
    held = [];
    heldBytes = 0;
    number++;
    const text = number === 1 ? whole?.replace(/^\ufeff/, "") : whole;
    return { number, text: text?.replace(/\r$/, ""), bytes };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      bytes += end + 1 - start;
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    bytes += rest.length;
    heldBytes += rest.length;
    if (heldBytes <= LINE_BYTES_MAX) held.push(rest);
    else held = [];
  }
  if (heldBytes > 0) yield take(new Uint8Array());
}
