import type { SettingKind } from "shared/model/settings";
import { settingKeys } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { keepSettingPart, versionsPart } from "shared/redis/scripts/parts";
import type { SettingRow } from "./read-settings.ts";
import source from "./restore-settings.lua" with { type: "text" };

const layout = defineLayout({
  keys: ["clock", "settings", "ids"],
  item: { id: "text", version: "text", value: "text" },
});
const script = defineScript({
  name: "restore-settings",
  source,
  parts: [versionsPart, keepSettingPart],
  layout,
  parse: Number,
});

/**
 * Puts settings into the home Redis. Those with a later version stay.
 *
 * @returns the number of settings written
 */
export const putSettings = (home: Redis, kind: SettingKind, rows: readonly SettingRow[]): Promise<number> =>
  script(
    home,
    layout.toKeys(settingKeys(kind)),
    rows.flatMap(({ id, text, updated_at }) => layout.toItem({ id, version: updated_at, value: text })),
  );
