/** Writes one line. @param leftOut lines of the same kind that it stands for */
type WriteLine = (leftOut: number) => void;

/** Writes lines of one kind at a bounded rate. */
type LimitRepeats = (kind: string, write: WriteLine) => void;

interface Repeats {
  held: number;
  writeLast: WriteLine;
}

const INTERVAL_MS = 1_000;
/** Kinds counted apart at a time; further kinds share one. */
const KINDS_MAX = 200;
const OTHERS = "others";

/**
 * Writes the first line of a kind at once, then the latest one of each interval with the number of
 * those left out. Without this limit a Redis that refused commands caused 41 MB of log a second.
 */
export function createRepeatLimit(): LimitRepeats {
  const repeatsByKind = new Map<string, Repeats>();

  function begin(kind: string, write: WriteLine): void {
    const repeats = { held: 0, writeLast: write };
    repeatsByKind.set(kind, repeats);
    setTimeout(() => end(kind, repeats), INTERVAL_MS).unref();
  }

  function end(kind: string, { held, writeLast }: Repeats): void {
    repeatsByKind.delete(kind);
    if (held === 0) return;
    begin(kind, writeLast);
    writeLast(held - 1);
  }

  return (given, write) => {
    const kind = repeatsByKind.has(given) || repeatsByKind.size < KINDS_MAX ? given : OTHERS;
    const repeats = repeatsByKind.get(kind);
    if (repeats === undefined) {
      begin(kind, write);
      write(0);
      return;
    }
    repeats.held++;
    repeats.writeLast = write;
  };
}

/** Fields that distinguish failures with one message; the request id and path always differ. */
const KIND_FIELDS = ["code", "queue", "database", "redis", "step"] as const;
const KIND_TEXT_CHARS_MAX = 60;

/** The kind of a failure, the same for all requests; `undefined` for a line without `err`. */
export function kindOfFailure(about: unknown, message: unknown): string | undefined {
  if (typeof about !== "object" || about === null || !("err" in about)) return undefined;
  const fields: Partial<Record<string, unknown>> = { ...about };
  const error: Partial<Record<string, unknown>> =
    about.err instanceof Error ? (about.err as Error & Record<string, unknown>) : { message: about.err };
  const parts = [message, error.name, error.code, error.message, ...KIND_FIELDS.map((name) => fields[name])];
  return parts.map((each) => (typeof each === "string" ? each.slice(0, KIND_TEXT_CHARS_MAX) : typeof each)).join("\n");
}
