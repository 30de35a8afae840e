import type { PlayerRecord } from "shared/api/players";
import { fromArrival, toIsoTime } from "shared/base/times";
import { boardsOnShard } from "shared/boards/boards-on-shard";
import { type EntryRecord, parseRecord } from "shared/model/records";
import { GLOBAL, type Shard, shardsThatMayHold, type Topology } from "shared/model/regions";
import { parseVisibility } from "shared/model/visibility";
import { entriesKey, shardKeys } from "shared/redis/keys";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { isReadablePart } from "shared/redis/scripts/parts";
import type { Stores } from "shared/stores/stores";
import { entriesAway } from "../boards/shard-entry.ts";
import readSource from "./read-player.lua" with { type: "text" };

/**
 * The entries of one player in all regions. Both throw Problem `unavailable`, or what Redis throws.
 */
export interface PlayerEntries {
  /** The entry of the last write, which names a player without an account. */
  findLast(userId: string): Promise<RegionRecord | undefined>;
  /** Entries in the order of their boards' ids, and whether the player is hidden. */
  read(userId: string, page: EntryPage): Promise<EntriesRead>;
}

export interface EntryPage {
  /** The last board of the page before. */
  cursor?: string | undefined;
  /** Boards of which entries are read. */
  limit: number;
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

export function createPlayerEntries(topology: Topology, stores: Pick<Stores, "of">): PlayerEntries {
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

  async function readShard(shard: Shard, userId: string, boards: readonly string[]) {
    const { isHidden, records } = await readKept(shard, userId, boards);
    const entries = boards.flatMap((board, index) => {
      const record = records[index];
      if (record == null) return [];
      const { name, score, arrival, updatedAt } = parseRecord(record);
      if (![score, fromArrival(arrival), updatedAt].every((each) => Number.isSafeInteger(Number(each)))) return [];
      const times = { reached_at: toIsoTime(fromArrival(arrival)), updated_at: toIsoTime(Number(updatedAt)) };
      return [{ board, region: shard.region, name, score: Number(score), ...times }];
    });
    return { isHidden, entries };
  }

  /** The boards of some shards with greater ids than `cursor`, in their order. */
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
    async findLast(userId) {
      const found = await Promise.all(shardsOf(userId).map((shard) => findLastOn(shard, userId)));
      const written = found.filter((record) => record !== undefined);
      return written.toSorted((a, b) => Number(b.updatedAt) - Number(a.updatedAt))[0];
    },

    async read(userId, { cursor = "", limit }) {
      const shards = shardsOf(userId);
      const boards = await listBoards(shards, cursor);
      const entries: PlayerRecord["entries"] = [];
      let hidden = false;
      let shown: string[] = [];
      let at = 0;
      do {
        const page = boards.slice(at, at + BOARDS_PER_CALL);
        const read = await Promise.all(shards.map((shard) => readShard(shard, userId, page)));
        hidden ||= read.some(({ isHidden }) => isHidden);
        entries.push(...read.flatMap((each) => each.entries).toSorted(byBoard));
        shown = [...new Set(entries.map(({ board }) => board))];
        at += BOARDS_PER_CALL;
      } while (at < boards.length && shown.length <= limit);
      const next = shown.length > limit ? (shown[limit - 1] ?? null) : null;
      return { hidden, entries: next === null ? entries : entries.filter(({ board }) => board <= next), next };
    },
  };
}

function byBoard(a: { board: string }, b: { board: string }): number {
  if (a.board === b.board) return 0;
  return a.board < b.board ? -1 : 1;
}
