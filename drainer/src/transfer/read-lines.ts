/** A line of a file without its end. */
export type Line = {
  /** From 1 on. */
  number: number;
  /** Bytes read so far, this line included. */
  bytes: number;
} & ({ text: string } | { fault: string });

/** The file as a whole cannot be read. */
export class UnreadableFile extends Error {}

export const LONE_RETURNS = "the lines seem to end with CR alone: save the file with LF or CRLF";

const LINE_BYTES_MAX = 16 * 1024;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Splits a stream of UTF-8 at LF or CRLF. Holds at most one chunk and 16 KiB of a line in memory.
 *
 * @throws UnreadableFile for UTF-16 and UTF-32, and for lines that end with CR alone
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let number = 0;
  let bytes = 0;
  let returns = 0; // of the first line
  const take = (part: Uint8Array): Line => {
    const length = heldBytes + part.length;
    const whole = length > LINE_BYTES_MAX ? undefined : Buffer.concat([...held, part]);
    held = [];
    heldBytes = 0;
    number++;
    if (whole === undefined) return { number, bytes, fault: "is too long" };
    if (number === 1) refuseWideCharacters(whole);
    const text = decode(whole);
    if (text === undefined) return { number, bytes, fault: "is not UTF-8: save the file as UTF-8" };
    return { number, bytes, text: (number === 1 ? text.replace(/^\ufeff/, "") : text).replace(/\r$/, "") };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      bytes += end + 1 - start;
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    if (number === 0) {
      returns += rest.filter((byte) => byte === CR).length;
      // No line of a file with LF has two.
      if (returns > 1) throw new UnreadableFile(LONE_RETURNS);
    }
    bytes += rest.length;
    heldBytes += rest.length;
    if (heldBytes <= LINE_BYTES_MAX) held.push(rest);
    else held = [];
  }
  if (heldBytes > 0) yield take(new Uint8Array());
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The first character of a file is ASCII, so that a zero beside it is the rest of a wide one. */
function refuseWideCharacters(line: Buffer): void {
  const hasMark = line.length >= 2 && [0xfeff, 0xfffe].includes(line.readUInt16BE(0));
  if (!hasMark && !line.subarray(0, 2).includes(0)) return;
  throw new UnreadableFile("the file is UTF-16 or UTF-32: save it as UTF-8 (in Excel: CSV UTF-8), and import that");
}
