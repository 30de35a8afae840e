/** A longer line is written without most of what it was about. */
const LINE_BYTES_MAX = 32 * 1024;
const MESSAGE_CHARS_MAX = 1_000;
/** Bytes of UTF-8 for one UTF-16 unit. */
const BYTES_PER_UNIT_MAX = 3;

/** A line of a log within its bound: one that is too long keeps what tells when, where and of which request a line is. */
export function boundLine(line: string): string {
  if (line.length * BYTES_PER_UNIT_MAX <= LINE_BYTES_MAX) return line;
  const bytes = Buffer.byteLength(line);
  if (bytes <= LINE_BYTES_MAX) return line;
  const { level, time, service, request_id, msg } = JSON.parse(line) as Record<string, unknown>;
  const message = typeof msg === "string" ? msg.slice(0, MESSAGE_CHARS_MAX) : undefined;
  return `${JSON.stringify({ level, time, service, request_id, msg: message, omitted_bytes: bytes })}\n`;
}
