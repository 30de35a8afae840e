import { z } from "zod";

/** An event that the drainer or PostgreSQL refuses, and the reason. */
export interface Refused {
  raw: Buffer;
  reason: string;
}

/** A parsed entry of a dead list. */
export interface DeadEvent {
  /** The entry in the list, byte for byte. */
  entry: Buffer;
  /** ISO 8601; empty where the entry does not have it. */
  at: string;
  reason: string;
  /** The event byte for byte; undefined where no drainer wrote the entry. */
  raw: Buffer | undefined;
}

const entrySchema = z.union([
  z.object({ at: z.string(), reason: z.string(), event: z.string() }),
  z.object({ at: z.string(), reason: z.string(), event_base64: z.base64() }),
]);

/** Formats an entry as JSON: time, reason and event; the event in base64 where it is not UTF-8. */
export function toDeadEntry({ raw, reason }: Refused, now: Date): string {
  const text = raw.toString("utf8");
  const event = Buffer.from(text).equals(raw) ? { event: text } : { event_base64: raw.toString("base64") };
  return JSON.stringify({ at: now.toISOString(), reason, ...event });
}

/** Reads what {@link toDeadEntry} wrote. Never throws. */
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
