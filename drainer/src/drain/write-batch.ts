import type { Refused } from "shared/model/dead-element";
import type { Versioned } from "shared/model/events";
import { type Database, isRowFault, type RowFault } from "shared/postgres/database";
import { type BatchOrigin, SEASON_FINAL } from "../rows/admission.ts";
import type { EventBatch, Queued } from "./event-batch.ts";
import type { EventKind, Upsert } from "./event-kind.ts";
import { fold, inKeyOrder } from "./fold.ts";

/** Where the rows of a batch go, and which queue and run of Redis they come from. */
export interface WriteTarget {
  database: Database;
  tag: string;
  origin: BatchOrigin | undefined;
}

export interface Written {
  /** Rows that changed in PostgreSQL. */
  rows: number;
  refused: Refused[];
}

/** A batch on its way to PostgreSQL. */
export interface Writing<E extends Versioned> {
  batch: EventBatch<E>;
  written: Promise<Written>;
}

/** One upsert, its arguments prepared while PostgreSQL still writes the batch before. */
export interface Statement<E> {
  events: readonly Queued<E>[];
  upsert: Upsert;
}

/** @param newest the newest event of each row, by the row's key */
export const prepareUpsert = <E extends Versioned>(
  newest: ReadonlyMap<string, Queued<E>>,
  kind: EventKind<E>,
  origin: BatchOrigin | undefined,
): Statement<E> => toStatement(inKeyOrder(newest), kind, origin);

const toStatement = <E extends Versioned>(
  events: readonly Queued<E>[],
  kind: EventKind<E>,
  origin: BatchOrigin | undefined,
): Statement<E> => ({ events, upsert: kind.upsert(events, origin) });

/**
 * Writes all of a batch.
 *
 * @throws what PostgreSQL throws, except faults of a row; the batch may then stand in part
 */
export async function writeBatch<E extends Versioned>(
  batch: EventBatch<E>,
  statement: Statement<E>,
  target: WriteTarget,
): Promise<Written> {
  const { kind, erasures, removals, edits, visibility, settings, ends } = batch;
  const { database, origin } = target;
  // The order does not matter: an event's version says on which side of an erasure it is.
  if (erasures.length > 0) await database.run((sql) => kind.erase(sql, erasures, origin));
  if (removals.length > 0) await database.run(async (sql) => kind.changeEntries?.remove(sql, removals, origin));
  if (visibility.length > 0) await database.run(async (sql) => kind.setVisibility?.(sql, visibility, origin));
  if (settings.length > 0) await database.run(async (sql) => kind.putSettings?.(sql, settings, origin));
  const written = await writeRows(batch, statement, target);
  if (edits.length > 0) await database.run(async (sql) => kind.changeEntries?.edit(sql, edits, origin));
  // Behind the rows: a reader of an end finds what came before it in the queue.
  if (ends.length > 0) await database.run(async (sql) => kind.endSeasons?.(sql, ends, target));
  return written;
}

/**
 * Brings the rows of a statement to the newest state that PostgreSQL accepts: where it refuses the
 * newest event of a row, the one before it is written.
 */
export async function writeRows<E extends Versioned>(
  batch: EventBatch<E>,
  first: Statement<E>,
  target: WriteTarget,
): Promise<Written> {
  const { kind } = batch;
  const refused: Refused[] = [];
  const bad = new Set<Buffer>();
  let rows = 0;
  for (let statement = first; statement.events.length > 0; ) {
    const outcome = await upsertOrBisect(statement, kind, target);
    rows += outcome.rows;
    if (outcome.refused.length === 0) break;
    for (const { event, reason } of outcome.refused) {
      refused.push({ raw: event.raw, reason });
      bad.add(event.raw);
    }
    const badKeys = new Set(outcome.refused.map(({ event }) => kind.keyOf(event)));
    const rest = batch.eventsOf(badKeys).filter(({ raw }) => !bad.has(raw));
    statement = toStatement(fold(rest, kind.keyOf), kind, target.origin);
  }
  return { rows, refused };
}

interface Upserted<E> {
  rows: number;
  refused: { event: Queued<E>; reason: string }[];
}

/**
 * Events of a season that is archived say so, without the code that made PostgreSQL refuse them.
 */
const reasonOf = ({ code, message }: RowFault) => (code === SEASON_FINAL ? message : `${code} ${message}`);

/**
 * One statement for all rows; where PostgreSQL refuses a row, one for each half, down to the
 * refused row.
 */
async function upsertOrBisect<E extends Versioned>(
  { events, upsert }: Statement<E>,
  kind: EventKind<E>,
  target: WriteTarget,
): Promise<Upserted<E>> {
  try {
    return { rows: await target.database.run(upsert), refused: [] };
  } catch (error) {
    const [only] = events;
    if (!isRowFault(error) || only === undefined) throw error;
    if (events.length === 1) return { rows: 0, refused: [{ event: only, reason: reasonOf(error) }] };
    const middle = Math.ceil(events.length / 2);
    const left = await upsertOrBisect(toStatement(events.slice(0, middle), kind, target.origin), kind, target);
    const right = await upsertOrBisect(toStatement(events.slice(middle), kind, target.origin), kind, target);
    return { rows: left.rows + right.rows, refused: left.refused.concat(right.refused) };
  }
}
