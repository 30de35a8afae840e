const TERMINAL_INTERVAL_MS = 100;
const FILE_INTERVAL_MS = 1_000;

export interface Progress {
  show(text: string): void;
  /** Leaves the last line standing. */
  end(): void;
}

/** One line that is rewritten on a terminal; elsewhere one line a second. */
export function createProgress(
  stream: { isTTY?: boolean; write(text: string): unknown } = process.stderr,
  now: () => number = Date.now,
): Progress {
  const intervalMs = stream.isTTY ? TERMINAL_INTERVAL_MS : FILE_INTERVAL_MS;
  let shownAtMs = now();
  let width = 0;
  let latest = "";
  function write(text: string): void {
    if (!stream.isTTY) stream.write(`${text}\n`);
    else stream.write(`\r${text.padEnd(width)}`);
    width = text.length;
  }
  return {
    show(text) {
      latest = text;
      if (now() - shownAtMs < intervalMs) return;
      shownAtMs = now();
      write(text);
    },
    end() {
      if (!stream.isTTY || latest === "") return;
      write(latest);
      stream.write("\n");
    },
  };
}

/** `1,234 a second` since a moment. */
export function rate(count: number, elapsedMs: number): string {
  return `${Math.round((count * 1000) / Math.max(1, elapsedMs)).toLocaleString("en")} a second`;
}

const BAR_WIDTH = 32;

/** `players   [########        ]  25 % 1,000 a second`; without the bar where the total is not known, which is 0. */
export function bar(label: string, done: number, total: number, note: string): string {
  if (total === 0) return `${label.padEnd(9)} ${done.toLocaleString("en")}, ${note}`;
  const share = Math.min(1, done / total); // the total may be a guess
  const filled = "#".repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
  return `${label.padEnd(9)} [${filled}] ${String(Math.floor(share * 100)).padStart(3)} % ${note}`;
}
