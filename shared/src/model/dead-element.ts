import { z } from "zod";

/** An event that the drainer or PostgreSQL refuses, and the reason. */
export interface Refused {
  raw: Buffer;
  reason: string;
}

/** A parsed element of a dead list. */
export interface DeadEvent {
  /** The element in the list, byte for byte. */
  element: Buffer;
  /** ISO 8601; empty where the element does not have it. */
  at: string;
  reason: string;
  /** The event byte for byte; undefined where no drainer wrote the element. */
  raw: Buffer | undefined;
}

const elementSchema = z.union([
  z.object({ at: z.string(), reason: z.string(), event: z.string() }),
  z.object({ at: z.string(), reason: z.string(), event_base64: z.base64() }),
]);

/** Formats an element as JSON: time, reason and event, which is in base64 where it is not UTF-8. */
export function toDeadElement({ raw, reason }: Refused, now: Date): string {
  const text = raw.toString("utf8");
  const event = Buffer.from(text).equals(raw) ? { event: text } : { event_base64: raw.toString("base64") };
  return JSON.stringify({ at: now.toISOString(), reason, ...event });
}

/** Reads what {@link toDeadElement} wrote. Never throws. */
export function readDeadElement(element: Buffer): DeadEvent {
  const read = elementSchema.safeParse(parseJson(element)).data;
  if (read === undefined) return { element, at: "", reason: "", raw: undefined };
  const raw = "event" in read ? Buffer.from(read.event) : Buffer.from(read.event_base64, "base64");
  return { element, at: read.at, reason: read.reason, raw };
}

function parseJson(element: Buffer): unknown {
  try {
    return JSON.parse(element.toString("utf8"));
  } catch {
    return undefined;
  }
}
