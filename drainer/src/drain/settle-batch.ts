import type { Refused } from "shared/model/dead-entry";
import { type Database, isRowFault } from "../postgres/database.ts";
import type { BatchOrigin } from "../rows/admission.ts";
import type { EventKind, Upsert } from "./event-kind.ts";
import { fold, inOrder, type Versioned } from "./fold.ts";

/** One statement for some events, made before its time. */
export interface Attempt<P> {
  events: readonly P[];
  upsert: Upsert;
}

const attemptOf = <E extends Versioned, P extends E>(
  events: readonly P[],
  { kind, origin }: Pick<SettleOptions<E>, "kind" | "origin">,
): Attempt<P> => ({ events, upsert: kind.upsert(events, origin) });

/** The newest event of each key as they are to be written first, with the statement for them. */
export const toFirstAttempt = <E extends Versioned, P extends E>(
  newest: ReadonlyMap<string, P>,
  options: Pick<SettleOptions<E>, "kind" | "origin">,
): Attempt<P> => attemptOf(inOrder(newest), options);

/** How events become rows, and where. */
export interface SettleOptions<E extends Versioned> {
  kind: EventKind<E>;
  database: Database;
  origin: BatchOrigin | undefined;
}

interface Raw {
  readonly raw: Buffer;
}

export interface Settled {
  /** That changed in PostgreSQL. */
  rows: number;
  refused: Refused[];
}

/**
 * Brings every row to its newest state that PostgreSQL accepts. Where it refuses the newest, the one before it gets
 * its turn; the refused ones are returned.
 */
export async function settle<E extends Versioned, P extends E & Raw>(
  events: readonly P[],
  first: Attempt<P>,
  options: SettleOptions<E>,
): Promise<Settled> {
  const { kind } = options;
  const refused: Refused[] = [];
  let rows = 0;
  let pending = events;
  for (let attempt = first; pending.length > 0; attempt = attemptOf(fold(pending, kind.keyOf), options)) {
    const outcome = await upsertOrBisect(attempt, options);
    rows += outcome.rows;
    if (outcome.refused.length === 0) break;
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
  { events, upsert }: Attempt<P>,
  options: SettleOptions<E>,
): Promise<Upserted<P>> {
  try {
    return { rows: await options.database.run(upsert), refused: [] };
  } catch (error) {
    const [only] = events;
    if (!isRowFault(error) || only === undefined) throw error;
    if (events.length === 1) return { rows: 0, refused: [{ event: only, reason: `${error.code} ${error.message}` }] };
    const middle = Math.ceil(events.length / 2);
    const left = await upsertOrBisect(attemptOf(events.slice(0, middle), options), options);
    const right = await upsertOrBisect(attemptOf(events.slice(middle), options), options);
    return { rows: left.rows + right.rows, refused: [...left.refused, ...right.refused] };
  }
}
