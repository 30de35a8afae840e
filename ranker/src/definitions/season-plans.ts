import { setTimeout as delay } from "node:timers/promises";
import { PLAN_WAIT_MS } from "shared/base/deadlines";
import type { Board } from "shared/model/board";
import { isPlanOf, planWithoutEnds, type SeasonPlan, toPlan, toPlanValue } from "shared/seasons/plan";
import type { Settings } from "shared/settings/settings";

/** When the seasons of boards begin and end, as the planner of the drainer has written it. */
export interface SeasonPlans {
  /** The plans of these boards, by id. @throws Problem `unavailable` */
  read(boards: readonly Board[]): Promise<ReadonlyMap<string, SeasonPlan>>;
  /**
   * Waits a moment for the plan of a board's present schedule.
   *
   * @returns the plan that there is then, which may be that of the schedule before; undefined where
   *   there is none, for a board without seasons too
   */
  await(board: Board): Promise<SeasonPlan | undefined>;
  /**
   * Lets the entries of a board be those of season 0, which goes on until the planner has ended it:
   * so the board is read and written all the time, also while there is no planner.
   *
   * @param board without seasons, that is to have some
   * @throws Problem `unavailable`, `queue_full`, `outcome_unknown`
   */
  begin(board: Board): Promise<void>;
}

/** For what runs without a store of settings: then no board has seasons. */
export const NO_PLANS: Pick<SeasonPlans, "read"> = { read: async () => new Map() };

const POLL_EVERY_MS = 20;

export function createSeasonPlans(settings: Pick<Settings, "readThese" | "put">, waitMs = PLAN_WAIT_MS): SeasonPlans {
  async function read(boards: readonly Board[]): Promise<Map<string, SeasonPlan>> {
    const withSeasons = boards.filter(({ has_seasons }) => has_seasons);
    if (withSeasons.length === 0) return new Map();
    const ids = withSeasons.map(({ id }) => id);
    const kept = await settings.readThese("seasons", ids);
    const plans = new Map<string, SeasonPlan>();
    for (const [index, { id, born }] of withSeasons.entries()) {
      const plan = toPlan(kept[index]?.value);
      // One of a board that had the id before is of no use.
      if (plan !== undefined && plan.rev >= born) plans.set(id, plan);
    }
    return plans;
  }

  return {
    read,

    async begin({ id, rev, born }) {
      const [kept] = await settings.readThese("seasons", [id]);
      if ((toPlan(kept?.value)?.rev ?? -1) >= born) return;
      await settings.put("seasons", id, { value: toPlanValue(planWithoutEnds(rev)), replaces: kept?.version });
    },

    async await(board) {
      if (!board.has_seasons) return undefined;
      const lateAt = performance.now() + waitMs;
      for (;;) {
        // The change of the board stands, whatever becomes of its plan.
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
