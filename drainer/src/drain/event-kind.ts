import type {
  EntryEdit,
  Erasure,
  Removal,
  SeasonEnd,
  SettingEvent,
  Versioned,
  VisibilityEvent,
} from "shared/model/events";
import type { Sql } from "shared/postgres/connect-postgres";
import type { z } from "zod";
import type { BatchOrigin } from "../rows/admission.ts";

/** A statement with its arguments prepared. @returns the number of rows that changed */
export type Upsert = (sql: Sql) => Promise<number>;

/** The queue that a batch comes from. */
export interface QueuePlace {
  tag: string;
  origin: BatchOrigin | undefined;
}

/** How the events of one queue are read, and how they become rows. */
export interface EventKind<E extends Versioned> {
  schema: z.ZodType<E>;
  /** Names the row that an event is about. */
  keyOf: (event: E) => string;
  /** Reads the usual spelling fast; undefined for any other, which the schema then reads. */
  read?: (text: string) => E | undefined;
  /**
   * Prepares the upsert of one event a key. It must leave rows that are as new, and refuse a batch
   * of an earlier run.
   */
  upsert: (events: readonly E[], origin?: BatchOrigin) => Upsert;
  /**
   * Deletes the rows of erased players, and keeps `upsert` from writing their older events from
   * then on.
   */
  erase: (sql: Sql, erasures: readonly Erasure[], origin?: BatchOrigin) => Promise<void>;
  /**
   * Removes and edits single entries, in a queue that has such events. Removals come with the
   * erasures, edits once all rows of the batch are written.
   */
  changeEntries?: {
    remove: (sql: Sql, removals: readonly Removal[], origin?: BatchOrigin) => Promise<unknown>;
    edit: (sql: Sql, edits: readonly EntryEdit[], origin?: BatchOrigin) => Promise<unknown>;
  };
  /**
   * Writes which players are hidden, in a queue that has such events; leaves rows that are as new.
   */
  setVisibility?: (sql: Sql, events: readonly VisibilityEvent[], origin?: BatchOrigin) => Promise<unknown>;
  /**
   * Writes the ends of seasons, in the queue of a shard; leaves rows that are there. The rows of
   * all events before an end are committed then.
   */
  endSeasons?: (sql: Sql, ends: readonly SeasonEnd[], queue: QueuePlace) => Promise<unknown>;
  /** Writes what operators set, in a queue that has such events; leaves rows that are as new. */
  putSettings?: (sql: Sql, events: readonly SettingEvent[], origin?: BatchOrigin) => Promise<unknown>;
}
