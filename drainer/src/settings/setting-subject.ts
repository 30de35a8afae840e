import { parseSetting, type SettingKind } from "shared/model/settings";
import type { Database } from "shared/postgres/database";
import { settingKeys, settingsKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { versionsPart } from "shared/redis/scripts/parts";
import { readAhead } from "../command/in-flight.ts";
import { scanHash } from "../command/scan-hash.ts";
import { accountQueue } from "../queues/queues.ts";
import { type Claim, judge } from "../reconcile/compare.ts";
import { toMoment } from "../reconcile/oldest-queued.ts";
import type { Reading, Subject, Suspect } from "../reconcile/reconcile.ts";
import { isSoundSetting } from "../rows/sound-rows.ts";
import { putSettings } from "./put-settings.ts";
import source from "./read-settings.lua" with { type: "text" };
import { readSettings, readSettingsOf, type SettingRow } from "./read-settings.ts";
import { overwriteSettings } from "./upsert-settings.ts";

const PAGE = 500;

/** A setting as reconcile compares it: its id stands where other subjects have the player's. */
type ComparedRow = SettingRow & { user_id: string };

type Text = string | null;
const layout = defineLayout({ keys: ["settings", "queue", "clock"], item: { id: "text" } });
const script = defineScript({
  name: "read-settings",
  source,
  parts: [versionsPart],
  layout,
  parse: (reply) => reply as [oldestEvent: Text, clock: Text, now: string, ...kept: Text[]],
});

const toCompared = (rows: readonly SettingRow[]): ComparedRow[] => rows.map((row) => ({ ...row, user_id: row.id }));

/** The settings of one kind, as a {@link Subject}. */
export function createSettingSubject(home: Redis, database: Database, kind: SettingKind): Subject<ComparedRow> {
  const keys = settingKeys(kind);
  const toSuspect = (id: string): Suspect => ({
    tag: accountQueue.tag,
    userId: id,
    member: "",
    key: settingsKey(kind),
  });

  async function readClaims(suspects: readonly Suspect[]): Promise<Reading<ComparedRow>[]> {
    if (suspects.length === 0) return [];
    const items = suspects.flatMap(({ userId: id }) => layout.toItem({ id }));
    const [oldestEvent, clock, now, ...kept] = await script(home, layout.toKeys(keys), items);
    const { oldestWaiting, latestVersion } = toMoment(oldestEvent, clock, now);
    return suspects.map((suspect, index): Reading<ComparedRow> => {
      const claim = toClaim(suspect.userId, kept[index] ?? null, latestVersion);
      return {
        suspect,
        claim,
        isForeign: false,
        erasedAt: -1,
        isQueued: Number(claim.row?.updated_at ?? 0) >= oldestWaiting,
        isSame: (a, b) => toCanonical(a.text) === toCanonical(b.text),
        async mend(row) {
          await putSettings(home, kind, [row]);
        },
      };
    });
  }

  async function* findInPostgres() {
    for await (const page of readAhead(readSettings(database, kind, PAGE))) {
      const rows = toCompared(page);
      const readings = await readClaims(rows.map(({ id }) => toSuspect(id)));
      const suspects = readings.flatMap(({ suspect, claim, isSame }, index) =>
        judge(claim, rows[index], isSoundSetting, isSame).kind === "same" ? [] : [suspect],
      );
      yield { compared: rows.length, suspects };
    }
  }

  /** Settings without a row. */
  async function* findInRedis() {
    for await (const page of scanHash(home, settingsKey(kind), PAGE)) {
      const ids = page.map(([id]) => id);
      const known = new Set((await readSettingsOf(database, kind, ids)).map(({ id }) => id));
      yield { compared: ids.length, suspects: ids.filter((id) => !known.has(id)).map(toSuspect) };
    }
  }

  return {
    board: undefined,
    async *findSuspects() {
      yield* findInPostgres();
      yield* findInRedis();
    },
    readClaims,
    readRows: async (ids) => toCompared(await readSettingsOf(database, kind, ids)),
    isSound: isSoundSetting,
    overwriteRows: (rows) =>
      database.run((sql) =>
        overwriteSettings(
          sql,
          rows.map(({ id, text, updated_at }) => ({ setting: kind, id, value: JSON.parse(text), updated_at })),
        ),
      ),
  };
}

function toClaim(id: string, kept: Text, latestVersion: number): Claim<ComparedRow> {
  const parsed = parseSetting(kept ?? "");
  // A version from the future was never given out.
  if (parsed === undefined || Number(parsed.version) > latestVersion) {
    return { row: undefined, isWhole: false, isPresent: kept !== null };
  }
  return { row: { user_id: id, id, text: parsed.text, updated_at: parsed.version }, isWhole: true, isPresent: true };
}

/** The spelling does not count. */
const toCanonical = (text: string) => JSON.stringify(JSON.parse(text));
