import type { SettingEvent } from "shared/model/events";
import type { SettingValue } from "shared/model/settings";
import { toPlan } from "shared/seasons/plan";
import { needsPlanAt } from "shared/seasons/plan-seasons";

/**
 * When the planner of seasons has to look at a setting, microseconds; null for one that has nothing
 * to do with seasons. A value that no service writes is of no plan.
 */
export function planAt({ setting, value, updated_at }: SettingEvent): string | null {
  if (setting === "boards") return value?.state === "open" && mayHaveSeasons(value) ? updated_at : null;
  const plan = setting === "seasons" ? toPlan(value) : undefined;
  return plan === undefined ? null : String(needsPlanAt(plan));
}

/**
 * When the drainer has to look at a new plan, microseconds: at once, to tell it to the shards. Then
 * it looks at each end, whether the season has ended on all shards. Null for all other settings.
 */
export function sealAt({ setting, value, updated_at }: SettingEvent): string | null {
  const plan = setting === "seasons" ? toPlan(value) : undefined;
  return plan === undefined ? null : String(Math.min(Number(updated_at), plan.at[1] ?? 0));
}

/** Whether the definition in a setting has a schedule, or had one. */
export function mayHaveSeasons(value: SettingValue): boolean {
  if (value?.has_seasons === true) return true;
  const season = value?.season;
  return typeof season === "object" && season !== null && "schedule" in season;
}
