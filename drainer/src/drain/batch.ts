import type { Refused } from "shared/model/dead-entry";
import {
  type Erasure,
  erasureSchema,
  isErasure,
  isVisibilityEvent,
  type VisibilityEvent,
  visibilityEventSchema,
} from "shared/model/events";
import { z } from "zod";
import type { EventKind } from "./event-kind.ts";
import { keepNewest, type Versioned } from "./fold.ts";

/** An event with its bytes in the queue. */
export type Raw<E> = E & { readonly raw: Buffer };

/** Events that stand one behind the other in their queue, and what they say. */
export interface Batch<E> {
  /** When the oldest of them was read, as `performance.now()` tells. */
  readonly peekedAt: number;
  /** Of the Redis server that they were read from, where that is guarded. */
  readonly run: string | undefined;
  /** All of them, oldest first. */
  readonly raws: Buffer[];
  readonly events: Raw<E>[];
  /** Of `events`, the newest of each row, by the row's key. */
  readonly newest: Map<string, Raw<E>>;
  readonly erasures: Erasure[];
  readonly changes: VisibilityEvent[];
  readonly unreadable: Refused[];
}

/** One without any events yet: `addEvents` adds them. */
export const emptyBatch = <E>(peekedAt: number, run?: string): Batch<E> => ({
  peekedAt,
  run,
  raws: [],
  events: [],
  newest: new Map(),
  erasures: [],
  changes: [],
  unreadable: [],
});

/** Adds what stands behind the batch in the queue. @param raws oldest first */
export function addEvents<E extends Versioned>(batch: Batch<E>, raws: readonly Buffer[], kind: EventKind<E>): void {
  const first = batch.events.length;
  for (const raw of raws) {
    batch.raws.push(raw);
    const common = kind.read?.(raw.toString("utf8"));
    if (common !== undefined) batch.events.push(Object.assign(common, { raw }));
    else addUncommon(batch, raw, kind);
  }
  keepNewest(batch.newest, first === 0 ? batch.events : batch.events.slice(first), kind.keyOf);
}

function addUncommon<E extends Versioned>(batch: Batch<E>, raw: Buffer, { schema, setVisibility }: EventKind<E>): void {
  try {
    const event: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
    if (isErasure(event)) batch.erasures.push(erasureSchema.parse(event));
    else if (setVisibility && isVisibilityEvent(event)) batch.changes.push(visibilityEventSchema.parse(event));
    else batch.events.push({ ...schema.parse(event), raw });
  } catch (error) {
    batch.unreadable.push({ raw, reason: describe(error) });
  }
}

/** Whether there is more to a batch than rows: it is about all that PostgreSQL has of a player. */
export const isAboutPlayers = <E>({ erasures, changes }: Batch<E>): boolean => erasures.length + changes.length > 0;

/** The newest of each row of a batch: of those that another batch has, too, and of those that it has not. */
export function splitRows<E>({ newest }: Batch<E>, other: Batch<E>): Record<"common" | "apart", Map<string, Raw<E>>> {
  const common = new Map<string, Raw<E>>();
  const apart = new Map<string, Raw<E>>();
  for (const [key, event] of newest) (other.newest.has(key) ? common : apart).set(key, event);
  return { common, apart };
}

function describe(error: unknown): string {
  if (!(error instanceof z.ZodError)) return `not JSON: ${error instanceof Error ? error.message : error}`;
  return error.issues.map((issue) => `${issue.path.join(".") || "event"} ${issue.message}`).join("; ");
}
