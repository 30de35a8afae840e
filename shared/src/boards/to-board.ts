import {
  type Board,
  type BoardDefinition,
  boardFields,
  boardSchema,
  configuredBoard,
  toDefinition,
} from "../model/board.ts";
import { scheduleOf } from "../model/season.ts";
import type { SettingValue } from "../model/settings.ts";
import type { Setting } from "../settings/settings.ts";

/** What is kept of a board beside its definition. */
type Kept = Pick<Board, "created_at" | "state" | "born" | "has_seasons">;

/** A definition as its setting keeps it. */
export const toValue = (definition: BoardDefinition, kept: Kept): NonNullable<SettingValue> => ({
  ...definition,
  ...kept,
});

/**
 * The board of a setting; undefined for an id that is free. Fields that an earlier release did not
 * have get their defaults.
 *
 * @throws ZodError for a value that no service wrote
 */
export function toBoard(setting: Setting | undefined): Board | undefined {
  if (setting === undefined || setting.value === null) return undefined;
  // An id that was never used before has no `born`.
  const {
    created_at,
    state,
    born = 0,
    has_seasons = false,
    ...given
  } = setting.value as Kept & Record<string, unknown>;
  const definition = toDefinition(boardSchema.parse(given));
  return {
    ...definition,
    id: setting.id,
    rev: Number(setting.version),
    created_at,
    state,
    born,
    has_seasons: has_seasons || scheduleOf(definition) !== undefined,
  };
}

/**
 * The board of an id: that of its setting, or a configured one. A configured id that was once
 * another board's, now deleted, is born where that one ended.
 */
export function presentBoard(setting: Setting | undefined, id: string, isConfigured: boolean): Board | undefined {
  const board = toBoard(setting);
  if (board !== undefined || !isConfigured) return board;
  const since = Number(setting?.version ?? 0);
  return { ...configuredBoard(id), rev: since, born: since };
}

const names = Object.keys(boardFields) as (keyof BoardDefinition)[];

/** The fields in which two definitions differ. */
export const changedFields = (a: BoardDefinition, b: BoardDefinition): (keyof BoardDefinition)[] =>
  names.filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));

/** The definition alone. */
export const definitionOf = (board: Board): BoardDefinition =>
  Object.fromEntries(names.map((name) => [name, board[name]])) as unknown as BoardDefinition;
