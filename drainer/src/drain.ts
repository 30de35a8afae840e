import type { Refused } from "shared/dead-entry";
import {
  type Erasure,
  erasureSchema,
  isErasure,
  isVisibilityEvent,
  type VisibilityEvent,
  visibilityEventSchema,
} from "shared/events";
import type { Redis } from "shared/redis";
import type { Tracing } from "shared/tracing";
import { z } from "zod";
import type { Database, Sql } from "./database.ts";
import { dropDeadOf } from "./dead.ts";
import { erasedBy } from "./erased-by.ts";
import type { Versioned } from "./fold.ts";
import type { Lease } from "./lease.ts";
import { acknowledge, peek, type QueueKeys } from "./queue.ts";
import { type Attempt, type Settled, settle, toAttempt } from "./settle.ts";
import { traceCommits } from "./trace-commits.ts";

/** A statement with its arguments made. @returns the rows that changed */
export type Upsert = (sql: Sql) => Promise<number>;

/** What a queue's events are, and how they become rows. */
export interface EventKind<E extends Versioned> {
  schema: z.ZodType<E>;
  /** The row that an event is about. */
  keyOf: (event: E) => string;
  /** Reads what nearly all events are like, fast; nothing wherever there is a doubt: then the schema decides. */
  read?: (text: string) => E | undefined;
  /** Makes the statement that writes one event a key. It must change nothing for a row that is as new. */
  upsert: (events: readonly E[]) => Upsert;
  /** Deletes the rows of erased players; whatever is older than its erasure, `upsert` must not write from then on. */
  erase: (sql: Sql, erasures: readonly Erasure[]) => Promise<void>;
  /** Writes who is hidden and who is not any more, where the queue tells of it; what is as new stays. */
  setVisibility?: (sql: Sql, events: readonly VisibilityEvent[]) => Promise<unknown>;
}

export interface DrainOptions<E extends Versioned> {
  redis: Redis;
  database: Database;
  keys: QueueKeys;
  kind: EventKind<E>;
  lease: Lease;
  batchMax: number;
  tracing?: Tracing | undefined;
  now?: () => Date;
}

/** What one step found and did. */
export type Step =
  | { state: "held_elsewhere" | "empty" }
  /** `isTrimmed` is false when another drainer had acknowledged the same events first. */
  | { state: "drained"; events: number; rows: number; refused: number; isTrimmed: boolean; isFull: boolean };

/** One batch on its way from a queue to PostgreSQL: peek, fold, upsert, acknowledge. */
export type Drain = () => Promise<Step>;

/** Peeked events, as far on their way as they come without PostgreSQL. */
interface Batch<E> extends Parsed<E> {
  peekedAt: number;
  raws: readonly Buffer[];
  first: Attempt<Raw<E>>;
}

/** A batch on its way to PostgreSQL. */
interface Writing<E> {
  batch: Batch<E>;
  settled: Promise<Settled>;
}

/**
 * A crash between any two calls repeats the batch, and a repeated batch changes nothing.
 *
 * PostgreSQL is never waiting where it is behind: the batch after a full one is read while that is written, and written,
 * if it is full as well, while that is acknowledged. The next step takes it up from there. It is given up where this one
 * was not trimmed, on any error, and without the lease: at most one is ahead. That it may be stale does no harm. It
 * writes what players were told, and nothing over what is as new; and it trims nothing else, because acknowledging
 * compares both ends of what was peeked with what is there by then.
 *
 * A step throws what Redis or PostgreSQL throw; the events are then still in the queue.
 */
export function createDrain<E extends Versioned>(options: DrainOptions<E>): Drain {
  const { redis, database, keys, kind, lease, batchMax, tracing, now = () => new Date() } = options;

  /** The oldest events but for so many that are older still. */
  async function read(behind: number): Promise<Batch<E>> {
    const peekedAt = performance.now();
    const raws = await peek(redis, keys, batchMax, behind);
    const parsed = parse(raws, kind);
    return { ...parsed, peekedAt, raws, first: toAttempt(parsed.events, kind) };
  }

  async function write({ events, erasures, changes, first }: Batch<E>): Promise<Settled> {
    // First or last, the rows end the same: an event says by its version on which side of an erasure it is.
    if (erasures.length > 0) await database.run((sql) => kind.erase(sql, erasures));
    if (changes.length > 0) await database.run(async (sql) => kind.setVisibility?.(sql, changes));
    return settle(events, first, kind, database);
  }

  let ahead: Writing<E> | undefined;
  let lastWrite: Promise<unknown> | undefined;

  function start(batch: Batch<E>): Writing<E> {
    const settled = write(batch);
    lastWrite = settled.catch(() => {}); // thrown where it is awaited, unless it was given up
    return { batch, settled };
  }

  async function startAnew(): Promise<Writing<E>> {
    await lastWrite; // of one that was given up
    return start(await read(0));
  }

  return async () => {
    const started = ahead;
    ahead = undefined;
    if (!(await lease.hold())) return { state: "held_elsewhere" };
    const { batch, settled } = started ?? (await startAnew());
    const { peekedAt, raws, events, erasures, unreadable } = batch;
    if (raws.length === 0) return { state: "empty" };
    const isFull = raws.length === batchMax;
    // What fails here fails again in the next step, if it is there to stay.
    const following = isFull ? read(batchMax).catch(() => undefined) : undefined;
    const { rows, refused: refusedRows } = await settled;
    const next = await following;
    // One that is short may have grown by the time of its turn.
    const startedNext = next?.raws.length === batchMax ? start(next) : undefined;
    const isErased = erasedBy(erasures);
    const refused = [...unreadable, ...refusedRows].filter(({ raw }) => !isErased(raw));
    if (erasures.length > 0) await dropDeadOf(redis, keys, isErased);
    const isTrimmed = await acknowledge(redis, keys, raws, refused, now());
    if (isTrimmed) ahead = startedNext;
    if (tracing !== undefined && isTrimmed) {
      const dead = new Set(refused.map(({ raw }) => raw));
      const committed = events.filter(({ raw }) => !dead.has(raw));
      traceCommits(tracing, keys.tag, committed, (performance.now() - peekedAt) / 1000);
    }
    const counts = { events: raws.length, rows, refused: refused.length };
    return { state: "drained", ...counts, isTrimmed, isFull };
  };
}

type Raw<E> = E & { readonly raw: Buffer };

interface Parsed<E> {
  events: Raw<E>[];
  erasures: Erasure[];
  changes: VisibilityEvent[];
  unreadable: Refused[];
}

function parse<E extends Versioned>(raws: readonly Buffer[], kind: EventKind<E>): Parsed<E> {
  const { read, schema, setVisibility } = kind;
  const parsed: Parsed<E> = { events: [], erasures: [], changes: [], unreadable: [] };
  for (const raw of raws) {
    const common = read?.(raw.toString("utf8"));
    if (common !== undefined) {
      parsed.events.push(Object.assign(common, { raw }));
      continue;
    }
    try {
      const event: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
      if (isErasure(event)) parsed.erasures.push(erasureSchema.parse(event));
      else if (setVisibility && isVisibilityEvent(event)) parsed.changes.push(visibilityEventSchema.parse(event));
      else parsed.events.push({ ...schema.parse(event), raw });
    } catch (error) {
      parsed.unreadable.push({ raw, reason: describe(error) });
    }
  }
  return parsed;
}

function describe(error: unknown): string {
  if (!(error instanceof z.ZodError)) return `not JSON: ${error instanceof Error ? error.message : error}`;
  return error.issues.map((issue) => `${issue.path.join(".") || "event"} ${issue.message}`).join("; ");
}
