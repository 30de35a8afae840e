import { setTimeout as delay } from "node:timers/promises";
import { boardNotFound, invalidField, Problem, toInvalidRequest } from "shared/api/problems";
import { toIsoTime } from "shared/base/times";
import { changedFields, definitionOf, presentBoard, toValue } from "shared/boards/to-board";
import { type Board, type BoardDefinition, boardSchema, FIXED_FIELDS, toDefinition } from "shared/model/board";
import type { Topology } from "shared/model/regions";
import { endOf, scheduleOf } from "shared/model/season";
import type { KeptPlan } from "shared/seasons/plan";
import type { Settings } from "shared/settings/settings";
import type { Definitions } from "./definitions.ts";
import type { SeasonPlans } from "./season-plans.ts";
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
  put(id: string, definition: BoardDefinition, ifMatch?: number): Promise<Changed>;
  /** Changes some fields. @throws the same, and `board_not_found`, `invalid_request` */
  change(id: string, fields: BoardFields, ifMatch?: number): Promise<Changed>;
}

/** A board as it is now. */
export interface Changed {
  board: Board;
  isNew: boolean;
  /** Of its seasons; undefined where it has none, or the planner has not come to it. */
  plan: KeptPlan | undefined;
}

export interface ChangeBoardsOptions {
  topology: Topology;
  settings: Settings;
  tellShards: TellShards;
  definitions: Definitions;
  plans: Pick<SeasonPlans, "await" | "begin">;
  now?: () => number;
}

// Another operator changes the same board at the same time.
const TRIES_MAX = 3;

export function createChangeBoards(options: ChangeBoardsOptions): ChangeBoards {
  const { topology, settings, definitions, tellShards, plans, now = Date.now } = options;

  /**
   * Writes the revision on every shard, so that no ranker goes by an older one from then on.
   *
   * @throws Problem where a shard is away: the definition is kept, and a repeat completes the work
   */
  async function publish(board: Board, plan: KeptPlan | undefined): Promise<void> {
    await tellShards({ ...board, plan });
    definitions.learn(board);
  }

  /**
   * Publishes a board, once its seasons are planned or the planner had its time. A new board with a
   * plan is told to all shards, so that each ends its seasons also without writes.
   *
   * @param before the version of the setting before, undefined where there was none: then no shard
   *   knows the board
   */
  async function complete(board: Board, { isNew, before }: { isNew: boolean; before: string | undefined }) {
    const plan = await plans.await(board);
    if (isNew && before === undefined && plan === undefined) definitions.learn(board);
    else await publish(board, plan);
    return { board, isNew, plan };
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
  ): Promise<Changed | undefined> {
    const { board, version } = await present(id);
    const next = keepStart(board, toNext(board));
    const changed = board === undefined ? [] : changedFields(definitionOf(board), next);
    if (board !== undefined && changed.length === 0) return complete(board, { isNew: false, before: version });
    if (board !== undefined) checkFixed(board, next);
    checkSeason(board, next, now());
    if (board !== undefined) checkRevision(board, changed, ifMatch);
    // A setting without a board is of an id that was another board's.
    const born = board?.born ?? Number(version ?? 0);
    const has_seasons = board?.has_seasons === true || scheduleOf(next) !== undefined;
    if (has_seasons && board?.has_seasons === false) await plans.begin(board);
    const created_at = board?.created_at ?? toIsoTime(now() * 1000);
    const kept = { created_at, state: "open", born, has_seasons } as const;
    const rev = await settings.put("boards", id, { value: toValue(next, kept), replaces: version });
    if (rev === undefined) return undefined;
    const written: Board = { ...next, ...kept, id, rev: Number(rev) };
    return complete(written, { isNew: board === undefined, before: version });
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

    change: (id, fields, ifMatch) =>
      put(
        id,
        (found) => {
          if (found === undefined) throw boardNotFound(id);
          const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
          const next = { ...definitionOf(found), ...given };
          // Before the whole is parsed: with another fixed field it may be no definition.
          checkFixed(found, keepStart(found, next));
          return toDefinition(parseDefinition(next));
        },
        ifMatch,
      ),
  };
}

/** A schedule that names no start has the one that the board has: a start never changes. */
function keepStart(board: Board | undefined, next: BoardDefinition): BoardDefinition {
  const [before, after] = [board && scheduleOf(board), scheduleOf(next)];
  if (before === undefined || after === undefined || after.starts_at !== null) return next;
  return { ...next, season: { ...after, starts_at: before.starts_at } };
}

/** The fields of `next` that differ, and never change. */
function fixedIn(board: Board, next: BoardDefinition): string[] {
  const fixed: string[] = FIXED_FIELDS.filter((name) => board[name] !== next[name]);
  const [before, after] = [scheduleOf(board), scheduleOf(next)];
  if (before !== undefined && after !== undefined && before.starts_at !== after.starts_at) {
    fixed.push("season.starts_at");
  }
  return fixed;
}

/** @throws Problem `board_immutable` */
function checkFixed(board: Board, next: BoardDefinition): void {
  const fixed = fixedIn(board, next);
  if (fixed.length > 0) {
    throw new Problem("board_immutable", `Board ${board.id} keeps its ${fixed.join(", ")}: make another board.`, {
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

/** @throws Problem `precondition_required`, `precondition_failed` */
function checkRevision({ id, rev }: Board, changed: readonly string[], ifMatch: number | undefined): void {
  const names = changed.join(", ");
  if (ifMatch === undefined) {
    throw new Problem(
      "precondition_required",
      `Board ${id} has another ${names}: send If-Match: "${rev}" to change it.`,
    );
  }
  if (ifMatch !== rev) throw changedMeanwhile({ id, rev });
}

/** The board has another revision than `If-Match` names. */
export const changedMeanwhile = ({ id, rev }: Pick<Board, "id" | "rev">) =>
  new Problem("precondition_failed", `Board ${id} was changed meanwhile: its revision is "${rev}".`);

function parseDefinition(given: unknown) {
  const result = boardSchema.safeParse(given);
  if (result.success) return result.data;
  throw toInvalidRequest(result.error, "body");
}
