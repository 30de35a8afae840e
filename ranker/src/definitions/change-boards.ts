import { setTimeout as delay } from "node:timers/promises";
import { boardNotFound, invalidField, Problem, toInvalidRequest } from "shared/api/problems";
import { toIsoTime } from "shared/base/times";
import { changedFields, definitionOf, presentBoard, toValue } from "shared/boards/to-board";
import { type Board, type BoardDefinition, boardSchema, endOf, FIXED_FIELDS, toDefinition } from "shared/model/board";
import type { Topology } from "shared/model/regions";
import type { Settings } from "shared/settings/settings";
import type { Definitions } from "./definitions.ts";
import type { TellShards } from "./tell-shards.ts";

/** Fields of a definition; undefined for one that stays. */
export type BoardFields = { [K in keyof BoardDefinition]?: BoardDefinition[K] | undefined };

/** What operators do to boards. */
export interface ChangeBoards {
  /**
   * Makes the board, or changes it. With the definition that is there it only makes sure that every
   * shard has its revision.
   *
   * @param ifMatch the revision that the operator has read; undefined where none was given
   * @throws Problem `board_immutable`, `board_being_deleted`, `board_ended`,
   *   `precondition_required`, `precondition_failed`, `queue_full`, `unavailable`,
   *   `outcome_unknown`
   */
  put(id: string, definition: BoardDefinition, ifMatch?: number): Promise<{ board: Board; isNew: boolean }>;
  /** Changes some fields. @throws the same, and `board_not_found`, `invalid_request` */
  change(id: string, fields: BoardFields, ifMatch?: number): Promise<Board>;
}

export interface ChangeBoardsOptions {
  topology: Topology;
  settings: Settings;
  tellShards: TellShards;
  definitions: Definitions;
  now?: () => number;
}

// Another operator changes the same board at the same time.
const TRIES_MAX = 3;

export function createChangeBoards(options: ChangeBoardsOptions): ChangeBoards {
  const { topology, settings, definitions, tellShards, now = Date.now } = options;

  /**
   * Writes the revision on every shard, so that no ranker goes by an older one from then on.
   *
   * @throws Problem where a shard is away: the definition is kept, and a repeat completes the work
   */
  async function publish(board: Board): Promise<void> {
    await tellShards(board);
    definitions.learn(board);
  }

  async function present(id: string): Promise<{ board: Board | undefined; version: string | undefined }> {
    const setting = await settings.read("boards", id);
    const board = presentBoard(setting, id, topology.configuredBoards.includes(id));
    if (board?.state === "deleting") {
      throw new Problem("board_being_deleted", `The entries of board ${id} are still being removed; try again later.`);
    }
    return { board, version: setting?.version };
  }

  /** One try; undefined where another change came between. */
  async function tryToPut(
    id: string,
    toNext: (board: Board | undefined) => BoardDefinition,
    ifMatch: number | undefined,
  ): Promise<{ board: Board; isNew: boolean } | undefined> {
    const { board, version } = await present(id);
    const next = toNext(board);
    const changed = board === undefined ? [] : changedFields(definitionOf(board), next);
    if (board !== undefined && changed.length === 0) {
      await publish(board);
      return { board, isNew: false };
    }
    checkSeason(board, next, now());
    if (board !== undefined) checkChange(board, changed, ifMatch);
    // A setting without a board is of an id that was another board's.
    const born = board?.born ?? Number(version ?? 0);
    const kept = { created_at: board?.created_at ?? toIsoTime(now() * 1000), state: "open", born } as const;
    const rev = await settings.put("boards", id, { value: toValue(next, kept), replaces: version });
    if (rev === undefined) return undefined;
    const written: Board = { ...next, ...kept, id, rev: Number(rev) };
    // No shard knows a board that was never there.
    if (board === undefined && version === undefined) definitions.learn(written);
    else await publish(written);
    return { board: written, isNew: board === undefined };
  }

  async function put(id: string, toNext: (board: Board | undefined) => BoardDefinition, ifMatch: number | undefined) {
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const done = await tryToPut(id, toNext, ifMatch);
      if (done !== undefined) return done;
      await delay(0);
    }
    throw new Problem("stale_definition", `Board ${id} was changed again and again meanwhile; try again.`);
  }

  return {
    put: (id, definition, ifMatch) => put(id, () => definition, ifMatch),

    async change(id, fields, ifMatch) {
      const { board } = await put(
        id,
        (found) => {
          if (found === undefined) throw boardNotFound(id);
          const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
          const next = { ...definitionOf(found), ...given };
          // Before the whole is parsed: with another fixed field it may be no definition.
          checkFixed(found, changedFields(definitionOf(found), next));
          return toDefinition(parseDefinition(next));
        },
        ifMatch,
      );
      return board;
    },
  };
}

type Fields = readonly (keyof BoardDefinition)[];

/** @throws Problem `board_immutable` */
function checkFixed({ id }: Board, changed: Fields): void {
  const fixed = changed.filter((name) => (FIXED_FIELDS as readonly string[]).includes(name));
  if (fixed.length > 0) {
    throw new Problem("board_immutable", `Board ${id} keeps its ${fixed.join(", ")}: make another board.`, {
      errors: fixed.map((field) => ({ field, message: "cannot be changed" })),
    });
  }
}

// Rankers and operators agree on an end only if there is time left to hear of it.
const SEASON_AHEAD_MS = 60_000;

/** @throws Problem `board_ended`, `invalid_request` */
function checkSeason(board: Board | undefined, next: BoardDefinition, nowMs: number): void {
  const [before, after] = [board && endOf(board), endOf(next)];
  if (before === after) return;
  if (before !== undefined && before <= nowMs * 1000) {
    throw new Problem("board_ended", `Board ${board?.id} has ended, and keeps its end: make another board.`);
  }
  if (after === undefined || after >= (nowMs + SEASON_AHEAD_MS) * 1000) return;
  throw invalidField("season.ends_at", `must be at least ${SEASON_AHEAD_MS / 1000} seconds from now`);
}

function checkChange(board: Board, changed: Fields, ifMatch: number | undefined): void {
  checkFixed(board, changed);
  const { id, rev } = board;
  const names = changed.join(", ");
  if (ifMatch === undefined) {
    throw new Problem(
      "precondition_required",
      `Board ${id} has another ${names}: send If-Match: "${rev}" to change it.`,
    );
  }
  if (ifMatch !== rev) throw changedMeanwhile(board);
}

/** The board has another revision than `If-Match` names. */
export const changedMeanwhile = ({ id, rev }: Board) =>
  new Problem("precondition_failed", `Board ${id} was changed meanwhile: its revision is "${rev}".`);

function parseDefinition(given: unknown) {
  const result = boardSchema.safeParse(given);
  if (result.success) return result.data;
  throw toInvalidRequest(result.error, "body");
}
