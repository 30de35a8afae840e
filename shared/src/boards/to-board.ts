import { type Board, type BoardDefinition, boardFields, boardSchema, toDefinition } from "../model/board.ts";
import type { SettingValue } from "../model/settings.ts";
import type { Setting } from "../settings/settings.ts";

/** What is kept of a board beside its definition. */
type Kept = Pick<Board, "created_at" | "state">;

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
  const { created_at, state, ...definition } = setting.value as Kept & Record<string, unknown>;
  return {
    ...toDefinition(boardSchema.parse(definition)),
    id: setting.id,
    rev: Number(setting.version),
    created_at,
    state,
  };
}

const names = Object.keys(boardFields) as (keyof BoardDefinition)[];

/** The fields in which two definitions differ. */
export const changedFields = (a: BoardDefinition, b: BoardDefinition): (keyof BoardDefinition)[] =>
  names.filter((name) => JSON.stringify(a[name]) !== JSON.stringify(b[name]));

/** The definition alone. */
export const definitionOf = (board: Board): BoardDefinition =>
  Object.fromEntries(names.map((name) => [name, board[name]])) as unknown as BoardDefinition;
