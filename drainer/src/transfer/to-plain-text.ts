/** The file as a whole cannot be read. */
export class UnreadableFile extends Error {}

const LF = 0x0a;
const CR = 0x0d;
const HEAD_BYTES = 8;

/** How files begin that people take for a CSV. */
const OTHER_FILES: [start: string, what: string][] = [
  ["504b0304", "is a workbook or an archive: save the sheet as CSV UTF-8, and import that"],
  ["d0cf11e0", "is an Excel workbook: save the sheet as CSV UTF-8, and import that"],
  ["1f8b", "is compressed: gunzip it, and import that"],
];
const WIDE = "is UTF-16 or UTF-32: save it as UTF-8 (in Excel: CSV UTF-8), and import that";

/**
 * Passes a file on as text whose lines end with LF or CRLF. Where the first line ends with CR
 * alone, as Excel writes "CSV (Macintosh)", each CR becomes LF.
 *
 * @throws UnreadableFile for a workbook, a compressed file, UTF-16 and UTF-32
 */
export async function* toPlainText(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  /** Undefined before the end of the first line. */
  let hasReturns: boolean | undefined;
  const pass = (chunk: Uint8Array) => (hasReturns ? chunk.map((byte) => (byte === CR ? LF : byte)) : chunk);
  for await (const chunk of withWholeHead(chunks)) {
    if (hasReturns !== undefined) {
      yield pass(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.findIndex((byte) => byte === CR || byte === LF);
    // What is behind a CR at the end of a chunk is in the next one.
    if (head[end] === CR && end === head.length - 1) continue;
    if (end !== -1) hasReturns = head[end] === CR && head[end + 1] !== LF;
    yield pass(head);
    head = Buffer.alloc(0);
  }
  if (head.length > 0) yield head;
}

/** The same stream, whose first chunk is long enough to tell what kind of file it is. */
async function* withWholeHead(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < HEAD_BYTES) continue;
    refuseOtherFiles(head);
    yield head;
    head = undefined;
  }
  if (head === undefined) return;
  refuseOtherFiles(head);
  yield head;
}

/** @throws UnreadableFile */
function refuseOtherFiles(head: Buffer): void {
  const start = head.toString("hex", 0, HEAD_BYTES);
  const other = OTHER_FILES.find(([each]) => start.startsWith(each));
  if (other !== undefined) throw new UnreadableFile(`the file ${other[1]}`);
  // The first character of a file is ASCII, so that a zero beside it is the rest of a wide one.
  const hasMark = head.length >= 2 && [0xfeff, 0xfffe].includes(head.readUInt16BE(0));
  if (hasMark || head.subarray(0, 2).includes(0)) throw new UnreadableFile(`the file ${WIDE}`);
}
