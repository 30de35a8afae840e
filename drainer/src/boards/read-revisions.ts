import type { BoardRevision } from "shared/boards/put-boards";
import { isBoardId } from "shared/model/board-id";
import { type KeptSetting, parseSetting, type SettingValue } from "shared/model/settings";
import { ACCOUNTS_TAG, settingsKey } from "shared/redis/keys";
import { isOpen, readFence } from "shared/stores/fenced-store";
import { scanHash } from "../command/scan-hash.ts";
import { isSoundSetting } from "../rows/sound-rows.ts";
import { readSettings } from "../settings/read-settings.ts";
import type { Sides } from "../subjects/sides.ts";

// A definition has some 500 bytes: a scan of so many blocks Redis for well below 1 ms.
const PAGE = 250;

/**
 * The revisions of all boards that operators ever made, changed or deleted, page by page. An open
 * home Redis has every change, so that a region is restored although the home database is away; a
 * closed one may have lost some, which PostgreSQL has.
 *
 * @throws what Redis or PostgreSQL throw
 */
export async function* readRevisions({
  stores,
  databases,
}: Pick<Sides, "stores" | "databases">): AsyncGenerator<BoardRevision[]> {
  if (await isHomeOpen(stores.home)) {
    for await (const page of scanHash(stores.home, settingsKey("boards"), PAGE)) {
      yield page.flatMap(([id, kept]) => fromKept(id, parseSetting(kept)));
    }
    return;
  }
  for await (const page of readSettings(databases.home, "boards")) {
    const sound = page.filter(isSoundSetting);
    yield sound.flatMap(({ id, text, updated_at: version }) => fromKept(id, { version, text }));
  }
}

/** Nothing for a setting that no service wrote. */
const fromKept = (id: string, kept: KeptSetting | undefined): BoardRevision[] =>
  kept === undefined || !isBoardId(id) ? [] : [toRevision(id, kept.version, JSON.parse(kept.text) as SettingValue)];

const isHomeOpen = (home: Sides["stores"]["home"]) => readFence(home, ACCOUNTS_TAG).then(isOpen, () => false);

/**
 * What a shard keeps of a definition. A board that was deleted keeps its revision there, so that no
 * ranker writes to it by the definition of before.
 */
export function toRevision(id: string, version: string, value: SettingValue): BoardRevision {
  const isThere = value !== null && value.state !== "deleting";
  return { id, rev: Number(version), state: isThere ? "open" : "deleting" };
}

/** Reads what a shard keeps of a board; undefined for a text that no service writes. */
export function parseRevision(id: string, kept: string): BoardRevision | undefined {
  const [, rev, state] = /^(\d{1,16}) (open|deleting)$/.exec(kept) ?? [];
  return rev === undefined ? undefined : { id, rev: Number(rev), state: state === "open" ? "open" : "deleting" };
}
