import type { Refused } from "shared/model/dead-element";
import type {
  EntryEdit,
  Erasure,
  Removal,
  SeasonEnd,
  SettingEvent,
  Versioned,
  VisibilityEvent,
} from "shared/model/events";
import type { EventKind } from "./event-kind.ts";
import { keepNewest } from "./fold.ts";
import { readEvent } from "./read-event.ts";

/** An event with its bytes in the queue. */
export type Queued<E> = E & { readonly raw: Buffer };

/**
 * Bytes of events in one batch. The drainer holds two batches a queue: one being written, one read
 * ahead.
 */
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Consecutive events of one queue, folded while they are read. Of a superseded event the batch
 * keeps the bytes alone: only the fallback after a refused row needs it once more.
 */
export class EventBatch<E extends Versioned> {
  readonly peekedAtMs = performance.now();
  /** All events, oldest first. */
  readonly raws: Buffer[] = [];
  /** The newest event of each row, by the row's key. */
  readonly newest = new Map<string, Queued<E>>();
  readonly erasures: Erasure[] = [];
  readonly removals: Removal[] = [];
  /** Edits of ended seasons: written once all rows of the batch are. */
  readonly edits: EntryEdit[] = [];
  readonly visibility: VisibilityEvent[] = [];
  readonly settings: SettingEvent[] = [];
  /** Ends of seasons: written once all rows of the batch are. */
  readonly ends: SeasonEnd[] = [];
  readonly unreadable: Refused[] = [];
  /** The events that carry a trace. */
  readonly traced: { raw: Buffer; traceparent: string }[] = [];
  #bytes = 0;

  /**
   * @param run of the Redis server that the events were read from; undefined where the drain has no
   *   guard
   */
  constructor(
    readonly kind: EventKind<E>,
    readonly run: string | undefined,
  ) {}

  get bytesLeft(): number {
    return BATCH_BYTES_MAX - this.#bytes;
  }

  /**
   * Whether the batch has events of players or entries that touch more rows than `newest` names.
   */
  get isAboutPlayers(): boolean {
    return this.erasures.length + this.visibility.length + this.removals.length + this.edits.length > 0;
  }

  /** Adds the events that follow in the queue, oldest first. */
  add(raws: readonly Buffer[]): void {
    const rows: Queued<E>[] = [];
    for (const raw of raws) {
      this.raws.push(raw);
      this.#bytes += raw.length;
      const read = readEvent(raw, this.kind);
      if ("row" in read) rows.push(Object.assign(read.row, { raw }));
      else if ("erasure" in read) this.erasures.push(read.erasure);
      else if ("removal" in read) this.removals.push(read.removal);
      else if ("edit" in read) this.edits.push(read.edit);
      else if ("visibility" in read) this.visibility.push(read.visibility);
      else if ("end" in read) this.ends.push(read.end);
      else if ("setting" in read) this.settings.push(read.setting);
      else this.unreadable.push({ raw, reason: read.reason });
    }
    // A loop of its own: reading and folding in one loop take a tenth longer.
    for (const row of rows) {
      keepNewest(this.newest, this.kind.keyOf(row), row);
      if (row.traceparent !== undefined) this.traced.push({ raw: row.raw, traceparent: row.traceparent });
    }
  }

  /** All events of these rows, oldest first, read from their bytes once more. */
  eventsOf(keys: ReadonlySet<string>): Queued<E>[] {
    return this.raws.flatMap((raw) => {
      const read = readEvent(raw, this.kind);
      return "row" in read && keys.has(this.kind.keyOf(read.row)) ? [Object.assign(read.row, { raw })] : [];
    });
  }
}
