import { setTimeout as delay } from "node:timers/promises";
import { PLAN_WAIT_MS } from "shared/base/deadlines";
import type { Board } from "shared/model/board";
import {
  ENDING_MAX_US,
  isPlanOf,
  type KeptPlan,
  planWithoutEnds,
  toKeptPlan,
  toPlan,
  toPlanValue,
  withdrawal,
} from "shared/seasons/plan";
import type { Settings } from "shared/settings/settings";

/** When the seasons of boards begin and end, as the planner of the drainer has written it. */
export interface SeasonPlans {
  /** The plans of these boards, by id. @throws Problem `unavailable` */
  read(boards: readonly Board[]): Promise<ReadonlyMap<string, KeptPlan>>;
  /**
   * Waits a moment for the plan of a board's present schedule.
   *
   * @returns the plan that there is then, which may be that of the schedule before; undefined where
   *   there is none, for a board without seasons too
   */
  await(board: Board): Promise<KeptPlan | undefined>;
  /**
   * Lets the entries of a board be those of season 0, which goes on until the planner has ended it:
   * so the board is read and written all the time, also while there is no planner.
   *
   * @param board without seasons, that is to have some
   * @throws Problem `unavailable`, `queue_full`, `outcome_unknown`
   */
  begin(board: Board): Promise<void>;
  /**
   * The plan of a board, once it is decided whether a season that an operator is ending has ended.
   * One that is undecided for a second is withdrawn: the ranker was killed.
   *
   * @returns the undecided plan, where a moment was not enough; undefined where there is none
   * @throws Problem `unavailable`
   */
  decided(board: Board): Promise<KeptPlan | undefined>;
}

/** A write that meets the fence of an end waits twice so long, within its deadline. */
const DECISION_WAIT_MS = 150;

/** For what runs without a store of settings: then no board has seasons. */
export const NO_PLANS: Pick<SeasonPlans, "read" | "decided"> = {
  read: async () => new Map(),
  decided: async () => undefined,
};

const POLL_EVERY_MS = 20;

export interface SeasonPlansOptions {
  settings: Pick<Settings, "readThese" | "put">;
  /** The time (µs) of the home Redis. */
  now: () => Promise<number>;
  waitMs?: number;
}

export function createSeasonPlans({ settings, now, waitMs = PLAN_WAIT_MS }: SeasonPlansOptions): SeasonPlans {
  /** All writes that meet a fence at once share these reads. */
  const deciding = new Map<string, Promise<KeptPlan | undefined>>();

  async function read(boards: readonly Board[]): Promise<Map<string, KeptPlan>> {
    const withSeasons = boards.filter(({ has_seasons }) => has_seasons);
    if (withSeasons.length === 0) return new Map();
    const ids = withSeasons.map(({ id }) => id);
    const kept = await settings.readThese("seasons", ids);
    const plans = new Map<string, KeptPlan>();
    for (const [index, { id, born }] of withSeasons.entries()) {
      const plan = toKeptPlan(kept[index]);
      // One of a board that had the id before is of no use.
      if (plan !== undefined && plan.rev >= born) plans.set(id, plan);
    }
    return plans;
  }

  async function decide(board: Board): Promise<KeptPlan | undefined> {
    const lateAt = performance.now() + DECISION_WAIT_MS;
    for (;;) {
      const plan = (await read([board])).get(board.id);
      if (plan?.ending === undefined) return plan;
      if ((await now()) - plan.version > ENDING_MAX_US) {
        await settings.put("seasons", board.id, withdrawal(plan));
      } else {
        if (performance.now() + POLL_EVERY_MS >= lateAt) return plan;
        await delay(POLL_EVERY_MS);
      }
    }
  }

  return {
    read,

    async begin({ id, rev, born }) {
      const [kept] = await settings.readThese("seasons", [id]);
      if ((toPlan(kept?.value)?.rev ?? -1) >= born) return;
      await settings.put("seasons", id, { value: toPlanValue(planWithoutEnds(rev)), replaces: kept?.version });
    },

    decided(board) {
      const begun = deciding.get(board.id);
      if (begun !== undefined) return begun;
      const decision = decide(board).finally(() => deciding.delete(board.id));
      deciding.set(board.id, decision);
      return decision;
    },

    async await(board) {
      if (!board.has_seasons) return undefined;
      const lateAt = performance.now() + waitMs;
      for (;;) {
        // The change of the board stands, with or without its plan.
        const plan = await read([board]).then(
          (plans) => plans.get(board.id),
          () => undefined,
        );
        const isDone = plan !== undefined && isPlanOf(plan, board);
        if (isDone || performance.now() + POLL_EVERY_MS >= lateAt) return plan;
        await delay(POLL_EVERY_MS);
      }
    },
  };
}
