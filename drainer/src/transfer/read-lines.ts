import { toPlainText } from "./to-plain-text.ts";

/** A line of a file without its end, or a row of a CSV, which may have several lines. */
export interface Line {
  /** Of the file, from 1 on; of a row its first line. */
  number: number;
  /** Bytes read so far, this line included. */
  bytes: number;
  /** U+FFFD stands for what is not UTF-8. Empty where the line is too long. */
  text: string;
  /** Why the text is not what the file has. */
  fault?: string;
}

/** The longest line: every entry fits, also with its metadata escaped as ASCII. */
export const LINE_BYTES_MAX = 16 * 1024;
const TOO_LONG = `is longer than ${LINE_BYTES_MAX} bytes, as no entry is: is a line end missing?`;
export const NOT_UTF_8 = "is not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8), and import that";
const LF = 0x0a;

/**
 * Splits a stream of UTF-8 at LF, CRLF or CR. Holds at most one chunk and 16 KiB of a line in
 * memory.
 *
 * @throws UnreadableFile for what is no text in UTF-8
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let number = 0;
  let bytes = 0;
  const take = (part: Uint8Array): Line => {
    const length = heldBytes + part.length;
    const whole = length > LINE_BYTES_MAX ? undefined : Buffer.concat([...held, part]);
    held = [];
    heldBytes = 0;
    number++;
    if (whole === undefined) return { number, bytes, text: "", fault: TOO_LONG };
    const text = decode(whole);
    if (text === undefined) return { number, bytes, text: whole.toString(), fault: NOT_UTF_8 };
    return { number, bytes, text: (number === 1 ? text.replace(/^\ufeff/, "") : text).replace(/\r$/, "") };
  };
  for await (const chunk of toPlainText(chunks)) {
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

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
