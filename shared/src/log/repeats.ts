/** Writes one line, which stands for `leftOut` more that are not written. */
type WriteLine = (leftOut: number) => void;

/** Lets lines of one kind through at a bounded rate. */
export type LimitRepeats = (kind: string, write: WriteLine) => void;

interface Repeats {
  waiting: number;
  writeLast: WriteLine;
}

const INTERVAL_MS = 1_000;
/** Kinds that are told apart at a time; those beyond share one. */
const KINDS_MAX = 200;
const OTHERS = "others";

/**
 * Writes the first line of a kind at once, and from then on the latest one in each interval, with the number of those
 * left out. While Redis refuses commands every request fails: a line for each was 41 MB a second.
 */
export function createRepeatLimit(intervalMs = INTERVAL_MS): LimitRepeats {
  const repeatsByKind = new Map<string, Repeats>();

  function begin(kind: string, write: WriteLine): void {
    const repeats = { waiting: 0, writeLast: write };
    repeatsByKind.set(kind, repeats);
    setTimeout(() => end(kind, repeats), intervalMs).unref();
  }

  function end(kind: string, { waiting, writeLast }: Repeats): void {
    repeatsByKind.delete(kind);
    if (waiting === 0) return;
    begin(kind, writeLast);
    writeLast(waiting - 1);
  }

  return (given, write) => {
    const kind = repeatsByKind.has(given) || repeatsByKind.size < KINDS_MAX ? given : OTHERS;
    const repeats = repeatsByKind.get(kind);
    if (repeats === undefined) {
      begin(kind, write);
      write(0);
      return;
    }
    repeats.waiting++;
    repeats.writeLast = write;
  };
}

/** Members that tell failures of one message apart. A request's id and its path do not: every request has others. */
const TELLING = ["code", "queue", "database", "redis", "step"] as const;
const KIND_TEXT_CHARS_MAX = 60;

/** What a failure is, however often and to whichever request it happens; nothing for what is no failure. */
export function kindOfFailure(about: unknown, message: unknown): string | undefined {
  if (typeof about !== "object" || about === null || !("err" in about)) return undefined;
  const members: Partial<Record<string, unknown>> = { ...about };
  const error: Partial<Record<string, unknown>> =
    about.err instanceof Error ? (about.err as Error & Record<string, unknown>) : { message: about.err };
  const told = [message, error.name, error.code, error.message, ...TELLING.map((name) => members[name])];
  return told.map((each) => (typeof each === "string" ? each.slice(0, KIND_TEXT_CHARS_MAX) : typeof each)).join("\n");
}
