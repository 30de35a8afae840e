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
import { type Database, isRowFault, type Sql } from "./database.ts";
import { dropDeadOf } from "./dead.ts";
import { erasedBy } from "./erased-by.ts";
import { fold, type Versioned } from "./fold.ts";
import type { Lease } from "./lease.ts";
import { acknowledge, peek, type QueueKeys } from "./queue.ts";
import { traceCommits } from "./trace-commits.ts";

/** What a queue's events are, and how they become rows. */
export interface EventKind<E extends Versioned> {
  schema: z.ZodType<E>;
  /** The row that an event is about. */
  keyOf: (event: E) => string;
  /** Reads what nearly all events are like, fast; nothing wherever there is a doubt: then the schema decides. */
  read?: (text: string) => E | undefined;
  /** Writes one event a key, in one statement. Must change nothing for a row that is as new. */
  upsert: (sql: Sql, events: readonly E[]) => Promise<number>;
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

/**
 * A crash between any two calls repeats the batch, and a repeated batch changes nothing.
 *
 * A step throws what Redis or PostgreSQL throw; the events are then still in the queue.
 */
export function createDrain<E extends Versioned>(options: DrainOptions<E>): Drain {
  const { redis, database, keys, kind, lease, batchMax, tracing, now = () => new Date() } = options;
  return async () => {
    if (!(await lease.hold())) return { state: "held_elsewhere" };
    const startedAt = performance.now();
    const raws = await peek(redis, keys, batchMax);
    if (raws.length === 0) return { state: "empty" };
    const { events, erasures, changes, refused: unreadable } = parse(raws, kind);
    // First or last, the rows end the same: an event says by its version on which side of an erasure it is.
    if (erasures.length > 0) await database.run((sql) => kind.erase(sql, erasures));
    if (changes.length > 0) await database.run(async (sql) => kind.setVisibility?.(sql, changes));
    const { rows, refused: refusedRows } = await settle(events, kind, database);
    const isErased = erasedBy(erasures);
    const refused = [...unreadable, ...refusedRows].filter(({ raw }) => !isErased(raw));
    if (erasures.length > 0) await dropDeadOf(redis, keys, isErased);
    const isTrimmed = await acknowledge(redis, keys, raws, refused, now());
    if (tracing !== undefined && isTrimmed) {
      const dead = new Set(refused.map(({ raw }) => raw));
      const committed = events.filter(({ raw }) => !dead.has(raw));
      traceCommits(tracing, keys.tag, committed, (performance.now() - startedAt) / 1000);
    }
    const counts = { events: raws.length, rows, refused: refused.length };
    return { state: "drained", ...counts, isTrimmed, isFull: raws.length === batchMax };
  };
}

type Parsed<E> = E & { readonly raw: Buffer };

function parse<E extends Versioned>(raws: readonly Buffer[], { read, schema, setVisibility }: EventKind<E>) {
  const events: Parsed<E>[] = [];
  const erasures: Erasure[] = [];
  const changes: VisibilityEvent[] = [];
  const refused: Refused[] = [];
  for (const raw of raws) {
    const common = read?.(raw.toString("utf8"));
    if (common !== undefined) {
      events.push(Object.assign(common, { raw }));
      continue;
    }
    try {
      const event: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
      if (isErasure(event)) erasures.push(erasureSchema.parse(event));
      else if (setVisibility && isVisibilityEvent(event)) changes.push(visibilityEventSchema.parse(event));
      else events.push({ ...schema.parse(event), raw });
    } catch (error) {
      refused.push({ raw, reason: describe(error) });
    }
  }
  return { events, erasures, changes, refused };
}

function describe(error: unknown): string {
  if (!(error instanceof z.ZodError)) return `not JSON: ${error instanceof Error ? error.message : error}`;
  return error.issues.map((issue) => `${issue.path.join(".") || "event"} ${issue.message}`).join("; ");
}

/**
 * Brings every row to its newest state that PostgreSQL accepts. Where it refuses the newest, the one before it gets
 * its turn; the refused ones are returned.
 */
async function settle<E extends Versioned>(events: readonly Parsed<E>[], kind: EventKind<E>, database: Database) {
  const refused: Refused[] = [];
  let rows = 0;
  let pending = events;
  while (pending.length > 0) {
    const outcome = await upsertOrBisect(fold(pending, kind.keyOf), kind, database);
    rows += outcome.rows;
    refused.push(...outcome.refused.map(({ event, reason }) => ({ raw: event.raw, reason })));
    const bad = new Set(outcome.refused.map(({ event }) => event));
    const badKeys = new Set(outcome.refused.map(({ event }) => kind.keyOf(event)));
    pending = pending.filter((event) => badKeys.has(kind.keyOf(event)) && !bad.has(event));
  }
  return { rows, refused };
}

interface Upserted<E> {
  rows: number;
  refused: { event: E; reason: string }[];
}

/** One statement for all; where a row spoils it, one for each half, down to the row itself. */
async function upsertOrBisect<E extends Versioned, P extends E>(
  events: readonly P[],
  kind: EventKind<E>,
  database: Database,
): Promise<Upserted<P>> {
  try {
    return { rows: await database.run((sql) => kind.upsert(sql, events)), refused: [] };
  } catch (error) {
    const [only] = events;
    if (!isRowFault(error) || only === undefined) throw error;
    if (events.length === 1) return { rows: 0, refused: [{ event: only, reason: `${error.code} ${error.message}` }] };
    const middle = Math.ceil(events.length / 2);
    const left = await upsertOrBisect(events.slice(0, middle), kind, database);
    const right = await upsertOrBisect(events.slice(middle), kind, database);
    return { rows: left.rows + right.rows, refused: [...left.refused, ...right.refused] };
  }
}
