import type { seasonFields } from "shared/api/fields";
import { type RunningSeason, toIsoSeason } from "shared/seasons/plan";
import type { z } from "zod";

/** What an answer of a board with seasons says of its season. */
export type SeasonFields = z.infer<z.ZodObject<typeof seasonFields>>;

/** @param running undefined on a board without seasons */
export function toSeasonFields(running: RunningSeason | undefined): SeasonFields {
  if (running === undefined) return {};
  return { season: running.season, ...toIsoSeason(running) };
}
