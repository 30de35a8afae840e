import { parseKeptBoard } from "shared/boards/kept-board";
import type { BoardRevision } from "shared/boards/put-boards";
import { isBoardId } from "shared/model/board-id";
import { type KeptSetting, parseSetting, type SettingValue } from "shared/model/settings";
import { ACCOUNTS_TAG, settingsKey } from "shared/redis/keys";
import type { Setting } from "shared/settings/settings";
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
export async function* readRevisions({ topology, stores, databases }: Sides): AsyncGenerator<BoardRevision[]> {
  const isConfigured = (id: string) => topology.configuredBoards.includes(id);

  /** Nothing for a setting that no service wrote. */
  function fromKept(id: string, kept: KeptSetting | undefined): BoardRevision[] {
    if (kept === undefined || !isBoardId(id)) return [];
    return [toRevision({ id, version: kept.version, value: JSON.parse(kept.text) as SettingValue }, isConfigured(id))];
  }

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

const isHomeOpen = (home: Sides["stores"]["home"]) => readFence(home, ACCOUNTS_TAG).then(isOpen, () => false);

/**
 * What a shard keeps of a definition. A board that was deleted keeps a revision there, so that no
 * ranker writes to it by the definition of before, and loses the entries that the shard has of it.
 */
export function toRevision({ id, version, value }: Setting, isConfigured: boolean): BoardRevision {
  const rev = Number(version);
  if (value?.state === "deleting") return { id, rev, state: "deleting", born: rev };
  if (value !== null) return { id, rev, state: "open", born: Number(value.born ?? 0) };
  if (isConfigured) return { id, rev, state: "open", born: rev };
  // Below the revision that the id has once it stands in `BOARDS`; above those of the old board.
  return { id, rev: rev - 1, state: "deleting", born: rev };
}

/**
 * Reads what a shard keeps of a board, with the season that runs there; undefined for a text that
 * no service writes.
 */
export function parseRevision(id: string, kept: string): BoardRevision | undefined {
  const found = parseKeptBoard(kept);
  if (found === undefined) return undefined;
  const { rev, state, seasons } = found;
  if (seasons === undefined) return { id, rev, state, born: 0 };
  const { season: first, startsAt, ends, planned: version } = seasons;
  return { id, rev, state, born: 0, plan: { version, first, at: [startsAt].concat(ends) } };
}
