const TERMINAL_INTERVAL_MS = 100;
const FILE_INTERVAL_MS = 1_000;

/** One line that is rewritten on a terminal; in a file one line a second. */
export interface Progress {
  show(text: string): void;
  /**
   * Shows how far a count is, and its rate since the start.
   *
   * @param total a guess, or 0 where there is none
   * @param rated what the rate is of, where that is not what `total` is of
   */
  count(label: string, done: number, total: number, rated?: number): void;
  /** Leaves the last line standing. @returns seconds since the start, in tenths */
  end(): number;
}

export function createProgress(
  stream: { isTTY?: boolean; write(text: string): unknown } = process.stderr,
  now: () => number = Date.now,
): Progress {
  const intervalMs = stream.isTTY ? TERMINAL_INTERVAL_MS : FILE_INTERVAL_MS;
  const startedAtMs = now();
  let shownAtMs = startedAtMs;
  let width = 0;
  let latest = "";
  function write(text: string): void {
    if (!stream.isTTY) stream.write(`${text}\n`);
    else stream.write(`\r${text.padEnd(width)}`);
    width = text.length;
  }
  function show(text: string): void {
    latest = text;
    if (now() - shownAtMs < intervalMs) return;
    shownAtMs = now();
    write(text);
  }
  return {
    show,
    count: (label, done, total, rated = done) => show(bar(label, done, total, rate(rated, now() - startedAtMs))),
    end() {
      if (stream.isTTY && latest !== "") {
        write(latest);
        stream.write("\n");
      }
      latest = "";
      return Math.round((now() - startedAtMs) / 100) / 10;
    },
  };
}

/** `1,234 a second`. */
export function rate(count: number, elapsedMs: number): string {
  return `${Math.round((count * 1000) / Math.max(1, elapsedMs)).toLocaleString("en")} a second`;
}

const BAR_WIDTH = 32;

/**
 * `players   [########        ]  25 % 1,000 a second`; without the bar where the total is 0, which
 * is not known.
 */
export function bar(label: string, done: number, total: number, note: string): string {
  if (total === 0) return `${label.padEnd(9)} ${done.toLocaleString("en")}, ${note}`;
  const share = Math.min(1, done / total); // the total may be a guess
  const filled = "#".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
  return `${label.padEnd(9)} [${filled}] ${String(Math.floor(share * 100)).padStart(3)} % ${note}`;
}
