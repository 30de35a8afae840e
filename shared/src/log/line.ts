const LINE_BYTES_MAX = 32 * 1024;
const MESSAGE_CHARS_MAX = 1_000;
// One UTF-16 unit takes at most three bytes of UTF-8.
const BYTES_PER_UNIT_MAX = 3;

/** Bounds a line: a longer one keeps its level, time, service, request id and message only. */
export function boundLine(line: string): string {
  if (line.length * BYTES_PER_UNIT_MAX <= LINE_BYTES_MAX) return line;
  const bytes = Buffer.byteLength(line);
  if (bytes <= LINE_BYTES_MAX) return line;
  const { level, time, service, request_id, msg } = JSON.parse(line) as Record<string, unknown>;
  const message = typeof msg === "string" ? msg.slice(0, MESSAGE_CHARS_MAX) : undefined;
  return `${JSON.stringify({ level, time, service, request_id, msg: message, omitted_bytes: bytes })}\n`;
}
