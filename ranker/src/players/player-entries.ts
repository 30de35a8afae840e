import type { PlayerRecord } from "shared/api/players";
import { Problem } from "shared/api/problems";
import { toIsoTime } from "shared/base/times";
import { boardsOnShard } from "shared/boards/boards-on-shard";
import { parseDetails } from "shared/entries/details";
import { fromRankedScore } from "shared/entries/ranked-score";
import { type EntryRecord, fromPlace, parseRecord } from "shared/entries/records";
import type { Board } from "shared/model/board";
import { GLOBAL, type Shard, shardOf, shardsThatMayHold, type Topology } from "shared/model/regions";
import { parseVisibility } from "shared/model/visibility";
import { detailsKey, entriesKey, shardKeys } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isReadablePart } from "shared/redis/scripts/parts";
import { boardOf, parseRankingName } from "shared/seasons/ranking-name";
import type { Stores } from "shared/stores/stores";
import type { Archives } from "../archive/archives.ts";
import type { RankingPage } from "../archive/read-own-entries.ts";
import { toMetadata } from "../boards/entry-views.ts";
import { archivesUnavailable, entriesAway } from "../boards/shard-entry.ts";
import type { Definitions } from "../definitions/definitions.ts";
import readSource from "./read-player.lua" with { type: "text" };

/**
 * The entries of one player in all regions. Both throw Problem `unavailable`, or what Redis throws.
 */
export interface PlayerEntries {
  /**
   * The entry of the last write, in one region where it is given: it names a player without an
   * account.
   */
  findLast(userId: string, region?: string): Promise<RegionRecord | undefined>;
  /**
   * Entries in the order of their rankings' names, and whether the player is hidden.
   *
   * @throws Problem `archives_unavailable` where archives are asked for
   */
  read(userId: string, page: EntryPage): Promise<EntriesRead>;
}

export interface EntryPage {
  /** The last ranking of the page before. */
  cursor?: string | undefined;
  /** Rankings of which entries are read. */
  limit: number;
  /** Whether to read entries of seasons that are final, too. */
  with?: "archives" | undefined;
}

type RegionRecord = EntryRecord & { region: string };
type EntriesRead = Pick<PlayerRecord, "hidden" | "entries" | "next">;

/** Boards of one call of the script. */
const BOARDS_PER_CALL = 100;

type Text = string | null;
const layout = defineLayout({
  keys: ["split", "visibility", "fence"],
  args: { userId: "text", partitions: "text" },
});
const script = defineScript({
  name: "read-player",
  source: readSource,
  parts: [isReadablePart],
  layout,
  failsAs: "read",
  parse: (reply) => reply as [] | [visibility: Text, ...records: Text[]],
});

export function createPlayerEntries(
  topology: Topology,
  stores: Pick<Stores, "of">,
  definitions: Pick<Definitions, "find">,
  archives?: Pick<Archives, "ownEntries">,
): PlayerEntries {
  const shardsOf = (userId: string) => shardsThatMayHold(topology, GLOBAL, userId);
  const boardsOn = (shard: Shard, options: { without?: "deleted" } = {}) =>
    boardsOnShard(stores.of(shard.region), shard, topology.configuredBoards, options);

  async function readKept(shard: Shard, userId: string, boards: readonly string[]) {
    const keys = layout.toKeys(shardKeys(shard));
    keys.push(...boards.map((each) => entriesKey(shard, each)));
    const args = layout.toArgs({ userId, partitions: topology.partitions });
    const [visibility, ...records] = await script(stores.of(shard.region), keys, args);
    if (visibility === undefined) throw entriesAway(shard.region);
    return { isHidden: parseVisibility(visibility ?? "")?.isHidden ?? false, records };
  }

  async function findLastOn(shard: Shard, userId: string): Promise<RegionRecord | undefined> {
    let last: RegionRecord | undefined;
    for await (const boards of boardsOn(shard)) {
      const { records } = await readKept(shard, userId, boards);
      for (const text of records) {
        if (text === null) continue;
        const record = parseRecord(text);
        if (last === undefined || Number(record.updatedAt) > Number(last.updatedAt)) {
          last = { region: shard.region, ...record };
        }
      }
    }
    return last;
  }

  async function readShard(shard: Shard, userId: string, ids: readonly string[]) {
    const { isHidden, records } = await readKept(shard, userId, ids);
    const held = ids.filter((_, index) => records[index] !== null);
    const details = await readDetails(shard, userId, held);
    const boards = await Promise.all(held.map((name) => find(boardOf(name))));
    const texts = records.filter((record) => record !== null);
    const entries = boards.flatMap((board, index): RankingEntry[] => {
      const text = texts[index];
      if (board === undefined || text == null) return [];
      const { name, rankedScore, sub, place, updatedAt } = parseRecord(text);
      const { reachedAtUs } = fromPlace(place);
      if (![rankedScore, reachedAtUs, updatedAt].every((each) => Number.isSafeInteger(Number(each)))) return [];
      const score = fromRankedScore(board, Number(rankedScore));
      const times = { reached_at: toIsoTime(reachedAtUs), updated_at: toIsoTime(Number(updatedAt)) };
      const ranking = held[index] ?? board.id;
      const entry: RankingEntry["entry"] = { board: board.id, region: shard.region, name, score, ...times };
      const season = parseRankingName(ranking)?.season ?? 0;
      if (season > 0) entry.season = season;
      if (sub !== null) entry.sub = Number(sub);
      const { attempts, metadata } = parseDetails(details[index] ?? null);
      if (attempts !== "0") entry.attempts = Number(attempts);
      if (metadata !== null) entry.metadata = toMetadata(metadata);
      return [{ ranking, entry }];
    });
    return { isHidden, entries };
  }

  const readDetails = (shard: Shard, userId: string, boards: readonly string[]) =>
    Promise.all(boards.map((board) => stores.of(shard.region).hget(detailsKey(shard, board), userId)));

  async function readArchives(userId: string, page: RankingPage): Promise<RankingEntry[]> {
    if (archives === undefined) throw archivesUnavailable();
    const kept = await archives.ownEntries(userId, page);
    const entries = kept.map(async (row): Promise<RankingEntry[]> => {
      const board = await find(row.board);
      if (board === undefined) return [];
      const { ranking, season, region, name, rank, sub, metadata } = row;
      const score = fromRankedScore(board, Number(row.sort_key));
      const times = { reached_at: toIsoTime(Number(row.reached_us)), updated_at: toIsoTime(Number(row.updated_us)) };
      const entry: RankingEntry["entry"] = {
        board: board.id,
        season,
        region,
        name,
        score,
        ...times,
        rank: Number(rank),
      };
      if (sub !== null) entry.sub = Number(sub);
      if (metadata !== null) entry.metadata = toMetadata(metadata);
      return [{ ranking, entry }];
    });
    return (await Promise.all(entries)).flat();
  }

  /** Undefined for a board that is being deleted. */
  async function find(id: string): Promise<Board | undefined> {
    try {
      return await definitions.find(id);
    } catch (error) {
      if (error instanceof Problem && error.code === "board_not_found") return undefined;
      throw error;
    }
  }

  /** The rankings of some shards with greater names than `cursor`, in their order. */
  async function listBoards(shards: readonly Shard[], cursor: string): Promise<string[]> {
    const ids = new Set<string>();
    const collect = async (shard: Shard) => {
      for await (const page of boardsOn(shard, { without: "deleted" }))
        for (const id of page) if (id > cursor) ids.add(id);
    };
    await Promise.all(shards.map(collect));
    return [...ids].toSorted();
  }

  return {
    async findLast(userId, region) {
      const shards = region === undefined ? shardsOf(userId) : [shardOf(topology, region, userId)];
      const found = await Promise.all(shards.map((shard) => findLastOn(shard, userId)));
      const written = found.filter((record) => record !== undefined);
      return written.toSorted((a, b) => Number(b.updatedAt) - Number(a.updatedAt))[0];
    },

    async read(userId, { cursor = "", limit, with: extra }) {
      const shards = shardsOf(userId);
      const archived = extra === "archives" ? await readArchives(userId, { after: cursor, limit: limit + 1 }) : [];
      const boards = await listBoards(shards, cursor);
      const found: RankingEntry[] = [];
      let hidden = false;
      let shown: string[] = [];
      let at = 0;
      do {
        const page = boards.slice(at, at + BOARDS_PER_CALL);
        const read = await Promise.all(shards.map((shard) => readShard(shard, userId, page)));
        hidden ||= read.some(({ isHidden }) => isHidden);
        found.push(...read.flatMap((each) => each.entries).toSorted(byRanking));
        shown = [...new Set(found.map(({ ranking }) => ranking))];
        at += BOARDS_PER_CALL;
      } while (at < boards.length && shown.length <= limit);
      // Between its archive and the removal of its keys a season is in both.
      const isBoth = ({ ranking, entry }: RankingEntry) =>
        found.some((each) => each.ranking === ranking && each.entry.region === entry.region);
      found.push(...archived.filter((each) => !isBoth(each)));
      found.sort(byRanking);
      shown = [...new Set(found.map(({ ranking }) => ranking))];
      const next = shown.length > limit ? (shown[limit - 1] ?? null) : null;
      const page = next === null ? found : found.filter(({ ranking }) => ranking <= next);
      return { hidden, entries: page.map(({ entry }) => entry), next };
    },
  };
}

/** An entry with the name of its ranking: of the board, or of a season of it. */
interface RankingEntry {
  ranking: string;
  entry: PlayerRecord["entries"][number];
}

function byRanking(a: RankingEntry, b: RankingEntry): number {
  if (a.ranking === b.ranking) return 0;
  return a.ranking < b.ranking ? -1 : 1;
}
