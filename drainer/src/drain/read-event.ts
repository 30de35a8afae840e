import { parseAsSpelled } from "shared/http/exact-json";
import {
  type EntryEdit,
  type Erasure,
  entryEditSchema,
  erasureSchema,
  isEntryEdit,
  isErasure,
  isRemoval,
  isSeasonEnd,
  isSettingEvent,
  isVisibilityEvent,
  type Removal,
  removalSchema,
  type SeasonEnd,
  type SettingEvent,
  seasonEndSchema,
  settingEventSchema,
  type Versioned,
  type VisibilityEvent,
  visibilityEventSchema,
} from "shared/model/events";
import { z } from "zod";
import type { EventKind } from "./event-kind.ts";

/** What an event says, or the reason why it cannot be read. */
export type ReadEvent<E> =
  | { row: E }
  | { erasure: Erasure }
  | { removal: Removal }
  | { edit: EntryEdit }
  | { visibility: VisibilityEvent }
  | { end: SeasonEnd }
  | { setting: SettingEvent }
  | { reason: string };

/** Reads one event of a queue. Never throws. */
export function readEvent<E extends Versioned>(raw: Buffer, kind: EventKind<E>): ReadEvent<E> {
  const row = kind.read?.(raw.toString("utf8"));
  return row === undefined ? readBySchema(raw, kind) : { row };
}

function readBySchema<E extends Versioned>(
  raw: Buffer,
  { schema, changeEntries, setVisibility, endSeasons, putSettings }: EventKind<E>,
): ReadEvent<E> {
  try {
    const event = parseAsSpelled(new TextDecoder("utf-8", { fatal: true }).decode(raw));
    if (isErasure(event)) return { erasure: erasureSchema.parse(event) };
    if (changeEntries && isRemoval(event)) return { removal: removalSchema.parse(event) };
    if (changeEntries && isEntryEdit(event)) return { edit: entryEditSchema.parse(event) };
    if (endSeasons && isSeasonEnd(event)) return { end: seasonEndSchema.parse(event) };
    if (setVisibility && isVisibilityEvent(event)) return { visibility: visibilityEventSchema.parse(event) };
    if (putSettings && isSettingEvent(event)) return { setting: settingEventSchema.parse(event) };
    return { row: schema.parse(event) };
  } catch (error) {
    return { reason: describe(error) };
  }
}

function describe(error: unknown): string {
  if (!(error instanceof z.ZodError)) return `not JSON: ${error instanceof Error ? error.message : error}`;
  return error.issues.map((issue) => `${issue.path.join(".") || "event"} ${issue.message}`).join("; ");
}
