import { Problem } from "../api/problems.ts";
import { settingTail } from "../model/events.ts";
import { parseSetting, type SettingKind, type SettingValue } from "../model/settings.ts";
import { settingKeys } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import type { Confirm } from "../redis/replica-wait.ts";
import { defineLayout, defineScript } from "../redis/scripts/define-script.ts";
import { isOpenPart, keepSettingPart, versionsPart } from "../redis/scripts/parts.ts";
import putSource from "./put-setting.lua" with { type: "text" };
import readSource from "./read-settings.lua" with { type: "text" };

/** A setting of one kind. */
export interface Setting {
  id: string;
  /** Microseconds, as decimal text: it grows with each change, also when an id is used again. */
  version: string;
  /** Null for a setting that was deleted. */
  value: SettingValue;
}

/** A change of a setting. */
export interface SettingChange {
  /** Null deletes it. */
  value: SettingValue;
  /** The version that the caller has read; undefined where there was none. */
  replaces: string | undefined;
}

/**
 * What operators set, durable as accounts are: in the home Redis, and through the accounts' queue
 * in PostgreSQL.
 *
 * All throw Problem `unavailable` while the home Redis is away or being compared with PostgreSQL.
 */
export interface Settings {
  /** Undefined for an id that never was; a deleted one has the value null. */
  read(kind: SettingKind, id: string): Promise<Setting | undefined>;
  /** The settings of these ids, {@link PAGE_MAX} at most, each as `read` answers it. */
  readThese(kind: SettingKind, ids: readonly string[]): Promise<(Setting | undefined)[]>;
  /** Settings that are there, in the order of their ids' bytes, the first behind `after`. */
  readPage(kind: SettingKind, page: { after?: string; limit: number }): Promise<Setting[]>;
  /**
   * Compares and sets.
   *
   * @returns the new version, or undefined where the present one is not `replaces`: then nothing
   *   was done
   * @throws Problem `queue_full`; `outcome_unknown`: the change may stand
   */
  put(kind: SettingKind, id: string, change: SettingChange): Promise<string | undefined>;
}

export interface SettingsOptions {
  home: Redis;
  /** Connection for writes; `home` unless given. */
  writer?: Redis;
  /** Confirms changes by a replica. */
  confirm?: Confirm | undefined;
  /** Events that may wait in the accounts' queue before changes are refused. */
  queueMax: number;
  /** Takes notice of a change that the fence refused. */
  onClosed?: () => void;
}

export const PAGE_MAX = 500;

const putLayout = defineLayout({
  keys: ["queue", "clock", "settings", "ids", "fence"],
  args: { queueMax: "number", id: "text", replaces: "text", value: "text", eventTail: "text" },
});
type Put = [outcome: "written", version: string] | [outcome: "changed" | "queue_full" | "closed"];
const putScript = defineScript({
  name: "put-setting",
  source: putSource,
  parts: [isOpenPart, versionsPart, keepSettingPart],
  layout: putLayout,
  isFenced: true,
  failsAs: "write",
  parse: (reply) => reply as Put,
  isRefusal: ([outcome]) => outcome !== "written",
});

const readLayout = defineLayout({
  keys: ["settings", "ids", "fence"],
  args: { after: "text", limit: "number" },
  item: { id: "text" },
});
const readScript = defineScript({
  name: "read-settings",
  source: readSource,
  parts: [isOpenPart],
  layout: readLayout,
  isFenced: true,
  failsAs: "read",
  parse: (reply) => reply as (string | null)[] | null,
});

export function createSettings(options: SettingsOptions): Settings {
  const { home, writer = home, confirm, queueMax, onClosed } = options;

  async function ask(kind: SettingKind, args: { after: string; limit: number }, ids: readonly string[]) {
    const wanted = readLayout.toArgs(args);
    wanted.push(...ids.flatMap((id) => readLayout.toItem({ id })));
    const flat = await readScript(home, readLayout.toKeys(settingKeys(kind)), wanted);
    if (flat === null) throw settingsAway();
    return Array.from({ length: flat.length / 2 }, (_, n) => toSetting(flat[2 * n] ?? "", flat[2 * n + 1] ?? ""));
  }

  return {
    async read(kind, id) {
      return (await ask(kind, { after: "", limit: 0 }, [id]))[0];
    },

    readThese: (kind, ids) => ask(kind, { after: "", limit: 0 }, ids),

    async readPage(kind, { after = "", limit }) {
      const page = await ask(kind, { after, limit: Math.min(limit, PAGE_MAX) }, []);
      return page.filter((setting) => setting !== undefined);
    },

    async put(kind, id, { value, replaces = "" }) {
      const text = JSON.stringify(value);
      const args = putLayout.toArgs({
        queueMax,
        id,
        replaces,
        value: text,
        eventTail: settingTail({ setting: kind, id }, text),
      });
      const [outcome, version] = await putScript(writer, putLayout.toKeys(settingKeys(kind)), args, confirm);
      if (outcome === "queue_full")
        throw new Problem("queue_full", "Too many writes wait for the durable store. Try again shortly.");
      if (outcome === "closed") {
        onClosed?.();
        throw settingsAway();
      }
      return version;
    },
  };
}

/** Undefined for one that never was, or that no service wrote. */
function toSetting(id: string, kept: string): Setting | undefined {
  const parsed = parseSetting(kept);
  return parsed && { id, version: parsed.version, value: JSON.parse(parsed.text) as SettingValue };
}

const settingsAway = () =>
  new Problem("unavailable", "The store of settings is being restored. Nothing was changed; try again.");
