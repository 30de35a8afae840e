import { invalidField } from "shared/api/problems";
import type { Board } from "shared/model/board";
import { entryTail } from "shared/model/events";
import { GLOBAL, type Shard, shardOf, shardsThatMayHold } from "shared/model/regions";
import { boardKeys, erasedKey, removedKey } from "shared/redis/keys";
import { toRedisProblem } from "shared/redis/redis-problem";
import { defineLayout, defineScript } from "shared/redis/scripts/define-script";
import { entryErasedPart, entryTextsPart, isOpenPart, seasonsPart } from "shared/redis/scripts/parts";
import { notRanked } from "../boards/locate-player.ts";
import type { Archive } from "../boards/read-season.ts";
import { archivesUnavailable, entriesAway, SeasonGone, SeasonOver, StaleBoard } from "../boards/shard-entry.ts";
import type { Definitions } from "../definitions/definitions.ts";
import { createReadAs } from "../definitions/read-as.ts";
import { createInSeason } from "../seasons/in-season.ts";
import type { RankedBoard } from "../seasons/ranked-board.ts";
import type { RunningSeasons } from "../seasons/running-seasons.ts";
import { metadataText } from "../writes/to-written.ts";
import source from "./change-entry.lua" with { type: "text" };
import { ERASED_TTL_SECONDS } from "./erase-player.ts";
import type { SetVisibilityOptions } from "./set-visibility.ts";

/** Which entry is meant. */
export interface EntryPlace {
  userId: string;
  board: string;
  /** The one that runs unless given. */
  season?: number | undefined;
}

/**
 * What becomes of an entry; a name or metadata that is left out stays, and null clears metadata.
 */
export type EntryChange =
  | { act: "remove" }
  | { act: "edit"; name?: string | undefined; metadata?: object | null | undefined };

/**
 * Removes one entry of a player, or changes its name or metadata, in any region, hidden
 * or not. Of a season that is final PostgreSQL has the entry, and takes the change a moment later.
 * A removal that is repeated does nothing.
 *
 * @returns the season of the entry; 0 on a board without seasons
 * @throws Problem `board_not_found`, `not_ranked`, `season_not_found`, `invalid_request`,
 *   `stale_definition`, `season_unknown`, `archives_unavailable`, `unavailable`: nothing was
 *   changed; `outcome_unknown`: it may stand
 */
export type ChangeEntry = (place: EntryPlace, change: EntryChange) => Promise<number>;

export interface ChangeEntryOptions extends SetVisibilityOptions {
  definitions: Definitions;
  seasons: RunningSeasons;
  archive: Archive | undefined;
}

type Outcome = "done" | "none" | "again" | "moved" | "closed" | "stale" | "ended" | "archived";

const layout = defineLayout({
  keys: ["queue", "clock", "split", "erased", "removed", "fence", "boards", "board", "hidden", "entries", "details"],
  args: {
    userId: "text",
    boardId: "text",
    revision: "text",
    wanted: "text",
    partitions: "text",
    act: "text",
    name: "text",
    metadata: "text",
    eventTail: "text",
    ttl: "number",
  },
});
const script = defineScript({
  name: "change-entry",
  source,
  parts: [isOpenPart, entryErasedPart, entryTextsPart, seasonsPart],
  layout,
  isFenced: true,
  failsAs: "write",
  parse: (reply) => String(reply) as Outcome,
  isRefusal: (outcome) => outcome !== "done" && outcome !== "again",
});

export function createChangeEntry(options: ChangeEntryOptions): ChangeEntry {
  const { topology, stores, fences, confirm, definitions, seasons, archive } = options;
  const readAs = createReadAs(definitions);
  const inSeason = createInSeason(topology, seasons, archive?.finals);

  async function changeOn(shard: Shard, board: RankedBoard, userId: string, change: EntryChange): Promise<Outcome> {
    const { region, tag } = shard;
    const redis = stores.of(region);
    const { name = "", metadata } = change.act === "edit" ? change : {};
    const keys = layout.toKeys({
      ...boardKeys(shard, board.ranking),
      erased: erasedKey(shard, userId),
      removed: removedKey(shard, board.ranking, userId),
    });
    const args = layout.toArgs({
      userId,
      boardId: board.id,
      revision: board.rev,
      wanted: board.wanted,
      partitions: topology.partitions,
      act: change.act,
      name,
      metadata: metadataText(board, metadata),
      eventTail: entryTail({ board: board.ranking, user_id: userId, region }),
      ttl: ERASED_TTL_SECONDS,
    });
    const outcome = await script(redis, keys, args, confirm);
    if (outcome === "closed") fences.onClosed(redis, tag);
    if (outcome === "moved" || outcome === "closed") throw entriesAway(region);
    if (outcome === "stale") throw new StaleBoard();
    if (outcome === "ended") throw new SeasonOver();
    if (outcome === "archived") throw new SeasonGone();
    return outcome;
  }

  /**
   * Asks one shard a region: the entry is on one of them. Where none had it, and one did not say
   * so, a removal before this one proves nothing: the player may have come back in that region.
   */
  async function changeLive(board: RankedBoard, userId: string, change: EntryChange): Promise<number> {
    const shards = shardsThatMayHold(topology, GLOBAL, userId);
    const asked = await Promise.allSettled(shards.map((shard) => changeOn(shard, board, userId, change)));
    const outcomes = asked.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
    if (outcomes.includes("done")) return board.number;
    const failures = asked.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
    const known = failures.find((each) => MEANT.some((kind) => each instanceof kind));
    if (known !== undefined) throw known;
    const problems = failures.map((each) => toRedisProblem(each, "write"));
    const problem = problems.find(({ code }) => code === "outcome_unknown") ?? problems[0];
    if (problem !== undefined) throw problem;
    if (outcomes.includes("again")) return board.number;
    throw notRanked(GLOBAL, board.id, userId);
  }

  async function changeFinal(board: RankedBoard, userId: string, change: EntryChange): Promise<number> {
    const final = { ...board, wanted: `${board.number} final` };
    const found = await findRegion(board, userId);
    if (found !== undefined) await changeOn(shardOf(topology, found, userId), final, userId, change);
    else if (change.act === "edit" || !(await wasRemoved(board, userId))) throw notRanked(GLOBAL, board.id, userId);
    return board.number;
  }

  async function findRegion(board: RankedBoard, userId: string): Promise<string | undefined> {
    if (archive === undefined) throw archivesUnavailable();
    return archive.archives.regionOf(board, userId);
  }

  async function wasRemoved({ ranking }: RankedBoard, userId: string): Promise<boolean> {
    const notes = shardsThatMayHold(topology, GLOBAL, userId).map((shard) =>
      stores.of(shard.region).exists(removedKey(shard, ranking, userId)),
    );
    const found = await Promise.allSettled(notes);
    return found.some((each) => each.status === "fulfilled" && each.value === 1);
  }

  return ({ userId, board: id, season }, change) =>
    readAs(id, (board: Board) => {
      if (season !== undefined && !board.has_seasons) {
        throw invalidField("season", `must be left out: board ${id} has no seasons`);
      }
      return inSeason<number>(
        { board, view: GLOBAL, season },
        {
          live: (ranked) => changeLive(ranked, userId, change),
          archived: (ranked) => changeFinal(ranked, userId, change),
        },
      );
    });
}

/** What the callers of a script do about its reply. */
const MEANT = [StaleBoard, SeasonOver, SeasonGone] as const;
