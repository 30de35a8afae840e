/**
 * What operators set, and the `seasons` that the planner makes of a board's schedule. Each kind is
 * a hash of the home Redis.
 */
export const SETTING_KINDS = ["boards", "operators", "seasons"] as const;
export type SettingKind = (typeof SETTING_KINDS)[number];

/** JSON of a setting; null for one that was deleted. */
export type SettingValue = Readonly<Record<string, unknown>> | null;

/** A setting as Redis keeps it. */
export interface KeptSetting {
  /** Microseconds, unparsed. */
  version: string;
  /** JSON of a {@link SettingValue}, as it was written. */
  text: string;
}

/** Formats a setting as `keep-setting.lua` does: `<version> <JSON>`. */
export const formatSetting = ({ version, text }: KeptSetting) => `${version} ${text}`;

/** Undefined for a text that no service writes. */
export function parseSetting(kept: string): KeptSetting | undefined {
  const [, version, text] = /^(\d{1,16}) (null|\{.*\})$/s.exec(kept) ?? [];
  return version === undefined || text === undefined ? undefined : { version, text };
}
