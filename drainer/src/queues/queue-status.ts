import { redact, redactBytes } from "shared/log/redact";
import { type DeadEvent, readDeadElement } from "shared/model/dead-element";
import type { Redis } from "shared/redis/redis";
import { peekList } from "./peek-list.ts";

/** Events shown of one list. */
const SHOWN_MAX = 20;

/** The length of a list and its oldest entries, oldest first. */
export interface Listing {
  length: number;
  oldest: Buffer[];
}

/** Reads the length and the oldest entries of a queue or a dead list. */
export async function list(redis: Redis, key: string): Promise<Listing> {
  const [length, oldest] = await Promise.all([redis.llen(key), peekList(redis, key, { count: SHOWN_MAX })]);
  return { length, oldest };
}

/** Text for people, one event a line. */
export function format(tag: string, waiting: Listing, dead: Listing): string {
  const lines = ({ length, oldest }: Listing, kind: string, show: (element: Buffer) => string) => {
    const shown = oldest.map((element) => `  ${kind}  ${show(element)}`);
    return length > oldest.length ? [...shown, `  ${kind}  … and ${length - oldest.length} more`] : shown;
  };
  return [
    `${tag}: ${waiting.length} waiting, ${dead.length} dead`,
    ...lines(waiting, "waiting", (event) => redact(event.toString("utf8"))),
    ...lines(dead, "dead", (element) => formatDead(readDeadElement(element))),
  ].join("\n");
}

/** Text for people: time, reason and the whole event. */
export function formatDead(dead: DeadEvent): string {
  const { at, reason, event, event_base64 } = toShown(dead);
  return [at, reason, event ?? `base64 ${event_base64}`].filter((part) => part !== "").join("  ");
}

/** A JSON line with the queue's name and what {@link formatDead} shows. */
export const toDeadLine = (queue: string, dead: DeadEvent): string => JSON.stringify({ queue, ...toShown(dead) });

interface Shown {
  at: string;
  reason: string;
  event?: string;
  event_base64?: string;
}

/** Redacts password hashes in event and reason. */
function toShown({ element, at, reason, raw = element }: DeadEvent): Shown {
  const text = raw.toString("utf8");
  const event = Buffer.from(text).equals(raw) ? { event: redact(text) } : { event_base64: redactBytes(raw) };
  return { at, reason: redact(reason), ...event };
}
