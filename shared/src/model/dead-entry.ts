import { z } from "zod";

/** An event that will not reach PostgreSQL as it is, and why. */
export interface Refused {
  raw: Buffer;
  reason: string;
}

/** An entry of a dead list, read. */
export interface DeadEvent {
  /** The entry as it stands in the list. */
  entry: Buffer;
  /** ISO 8601; empty where the entry does not tell. */
  at: string;
  reason: string;
  /** The event byte for byte; nothing where the entry was not written by a drainer. */
  raw: Buffer | undefined;
}

const entrySchema = z.union([
  z.object({ at: z.string(), reason: z.string(), event: z.string() }),
  z.object({ at: z.string(), reason: z.string(), event_base64: z.base64() }),
]);

/** JSON: when, why, and the event as it stood; in base64 where it is not text. */
export function toDeadEntry({ raw, reason }: Refused, now: Date): string {
  const text = raw.toString("utf8");
  const event = Buffer.from(text).equals(raw) ? { event: text } : { event_base64: raw.toString("base64") };
  return JSON.stringify({ at: now.toISOString(), reason, ...event });
}

/** The inverse of {@link toDeadEntry}. */
export function readDeadEntry(entry: Buffer): DeadEvent {
  const read = entrySchema.safeParse(parseJson(entry)).data;
  if (read === undefined) return { entry, at: "", reason: "", raw: undefined };
  const raw = "event" in read ? Buffer.from(read.event) : Buffer.from(read.event_base64, "base64");
  return { entry, at: read.at, reason: read.reason, raw };
}

function parseJson(entry: Buffer): unknown {
  try {
    return JSON.parse(entry.toString("utf8"));
  } catch {
    return undefined;
  }
}
