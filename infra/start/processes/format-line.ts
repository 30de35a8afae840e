/** The longest name of a process. */
const NAME_WIDTH = 9;
const LEVELS = new Set(["trace", "debug", "info", "warn", "error", "fatal"]);
const SHOWN_ELSEWHERE = new Set(["level", "time", "service", "msg"]);

/**
 * Formats a line of a process for people: its name, and a JSON log entry as `time level message
 * name=value …`.
 */
export function formatLine(process: string, line: string): string {
  return `${process.padEnd(NAME_WIDTH)} | ${escapeControls(toText(line))}`;
}

/** A logged path may hold any character, also a line end or a terminal's escape sequence. */
const escapeControls = (text: string) =>
  text.replaceAll(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);

function toText(line: string): string {
  const entry = parseEntry(line);
  if (entry === undefined) return line;
  const fields = Object.entries(entry)
    .filter(([name]) => !SHOWN_ELSEWHERE.has(name))
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const time = String(entry.time).slice(11, 23); // ISO 8601: the time of the day
  return [time, entry.level, entry.msg, ...fields].join(" ");
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    return LEVELS.has(String(entry.level)) ? entry : undefined;
  } catch {
    return undefined;
  }
}
