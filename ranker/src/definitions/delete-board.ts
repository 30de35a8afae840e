import { setTimeout as delay } from "node:timers/promises";
import { boardNotFound, Problem } from "shared/api/problems";
import { definitionOf, toBoard, toValue } from "shared/boards/to-board";
import { type Board, configuredBoard } from "shared/model/board";
import type { Topology } from "shared/model/regions";
import { boardsKey, entryKeys, MAIN_BOARD } from "shared/redis/keys";
import { failAs } from "shared/redis/redis-problem";
import type { Settings } from "shared/settings/settings";
import type { Stores } from "shared/stores/stores";
import { changedMeanwhile } from "./change-boards.ts";
import type { Definitions } from "./definitions.ts";
import { staleDefinition } from "./read-as.ts";
import type { TellShards } from "./tell-shards.ts";

/**
 * Deletes a board: from the answer on every ranker answers 404. A drainer takes what
 * it has left out of the stores, and then the id is free. A repeat completes a deletion that was
 * cut off, and changes nothing else.
 *
 * @param ifMatch the revision that the operator has read; undefined where none was given
 * @throws Problem `board_not_found`, `board_configured`, `precondition_failed`, `queue_full`,
 *   `unavailable`, `stale_definition`, `outcome_unknown`
 */
export type DeleteBoard = (id: string, ifMatch?: number) => Promise<void>;

export interface DeleteBoardOptions {
  topology: Topology;
  stores: Pick<Stores, "of">;
  settings: Settings;
  definitions: Definitions;
  tellShards: TellShards;
}

// Another operator changes the same board at the same time.
const TRIES_MAX = 3;

export function createDeleteBoard(options: DeleteBoardOptions): DeleteBoard {
  const { topology, stores, settings, definitions, tellShards } = options;

  /** Whether a shard has entries of a board, or knows it. */
  async function isOnAnyShard(id: string): Promise<boolean> {
    const found = await Promise.all(
      topology.shards.map(async (shard) => {
        const redis = stores.of(shard.region);
        const known = await failAs("read", redis.hget(boardsKey(shard), id));
        return known !== null || (await failAs("read", redis.exists(...entryKeys(shard, id)))) > 0;
      }),
    );
    return found.includes(true);
  }

  /**
   * The board with the version of its setting. A board that was once configured, and never changed,
   * has no setting: its shards tell that it is there.
   */
  async function find(id: string): Promise<{ board: Board | undefined; version: string | undefined }> {
    const setting = await settings.read("boards", id);
    const version = setting?.version;
    const board = toBoard(setting);
    if (board !== undefined || version !== undefined) return { board, version };
    return { board: (await isOnAnyShard(id)) ? configuredBoard(id) : undefined, version };
  }

  async function publish(board: Board): Promise<void> {
    definitions.forget(board.id);
    await tellShards(board);
  }

  return async (id, ifMatch) => {
    if (id === MAIN_BOARD || topology.configuredBoards.includes(id)) throw configured(id);
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const { board, version } = await find(id);
      if (board === undefined) throw boardNotFound(id);
      if (board.state === "deleting") return publish(board);
      if (ifMatch !== undefined && ifMatch !== board.rev) throw changedMeanwhile(board);
      const { created_at, born, has_seasons } = board;
      const value = toValue(definitionOf(board), { created_at, born, has_seasons, state: "deleting" });
      const rev = await settings.put("boards", id, { value, replaces: version });
      if (rev !== undefined) return publish({ ...board, rev: Number(rev), state: "deleting" });
      await delay(0);
    }
    throw staleDefinition(id);
  };
}

function configured(id: string): Problem {
  const advice = id === MAIN_BOARD ? "it cannot be deleted" : "take it out of BOARDS in every process first";
  return new Problem("board_configured", `Board ${id} is there from the start: ${advice}.`);
}
