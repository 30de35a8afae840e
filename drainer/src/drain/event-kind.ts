import type { Erasure, VisibilityEvent } from "shared/model/events";
import type { z } from "zod";
import type { Sql } from "../postgres/connect-postgres.ts";
import type { BatchOrigin } from "../rows/admission.ts";
import type { Versioned } from "./fold.ts";

/** A statement with its arguments made. @returns the rows that changed */
export type Upsert = (sql: Sql) => Promise<number>;

/** What a queue's events are, and how they become rows. */
export interface EventKind<E extends Versioned> {
  schema: z.ZodType<E>;
  /** The row that an event is about. */
  keyOf: (event: E) => string;
  /** Reads what nearly all events are like, fast; nothing wherever there is a doubt: then the schema decides. */
  read?: (text: string) => E | undefined;
  /**
   * Makes the statement that writes one event a key. It must change nothing for a row that is as new, and nothing at all
   * where the store of the batch was opened anew since.
   */
  upsert: (events: readonly E[], origin?: BatchOrigin) => Upsert;
  /** Deletes the rows of erased players; whatever is older than its erasure, `upsert` must not write from then on. */
  erase: (sql: Sql, erasures: readonly Erasure[], origin?: BatchOrigin) => Promise<void>;
  /** Writes who is hidden and who is not any more, where the queue tells of it; what is as new stays. */
  setVisibility?: (sql: Sql, events: readonly VisibilityEvent[], origin?: BatchOrigin) => Promise<unknown>;
}
