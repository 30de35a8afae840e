import { DEVICE_HASH, PASSWORD_HASH_CHARS_MAX, SETTING_ID, type VisibilityEvent } from "shared/model/events";
import { formatSetting, parseSetting } from "shared/model/settings";
import type { SettingRow } from "../settings/read-settings.ts";
import type { AccountRow } from "./read-accounts.ts";
import type { EntryRow } from "./read-entries.ts";

/** An integer in ±(2^53−1); undefined for any other text. */
export function toInteger(text: string | null): number | undefined {
  if (text === null || !/^-?\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value + 0 : undefined;
}

/** The microseconds of a version or an arrival; undefined for any other text. */
export function toTime(text: string | null): number | undefined {
  const value = toInteger(text);
  return value !== undefined && value >= 0 ? value : undefined;
}

/** False for a row that Redis cannot hold; no service writes such a row. */
export function isSoundEntry({ score, reached_at, updated_at, sort_key, sub, sub_key, attempts }: EntryRow): boolean {
  if (toInteger(score) === undefined || toInteger(sort_key ?? score) === undefined) return false;
  if ((sub == null) !== (sub_key == null)) return false;
  return [reached_at, updated_at, sub ?? "0", sub_key ?? "0", attempts ?? "0"].every(
    (each) => toTime(each) !== undefined,
  );
}

export const isSoundAccount = (row: AccountRow): boolean =>
  row.password_hash.length <= PASSWORD_HASH_CHARS_MAX &&
  (row.device_hash === "" || DEVICE_HASH.test(row.device_hash)) &&
  [row.created_at, row.updated_at, row.password_at || "0"].every((time) => toTime(time) !== undefined);

export const isSoundSetting = ({ id, text, updated_at }: SettingRow): boolean =>
  SETTING_ID.test(id) && parseSetting(formatSetting({ version: updated_at, text })) !== undefined;

export const isSoundVisibility = (row: VisibilityEvent): boolean => toTime(row.updated_at) !== undefined;
