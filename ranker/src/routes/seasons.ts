import type { RankerOperations } from "shared/api/operations";
import { jsonReply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import { toIsoSeason } from "shared/seasons/plan";
import type { EndSeason } from "../seasons/end-season.ts";
import type { ListSeasons } from "../seasons/list-seasons.ts";
import type { ToRoute } from "./to-route.ts";

export interface SeasonRouteDeps {
  listSeasons: ListSeasons;
  endSeason: EndSeason;
}

/**
 * `/boards/:board/seasons…`: reads are open to all who may read the board, and admins end a season.
 */
export function seasonRoutes(
  operations: RankerOperations,
  toRoute: ToRoute,
  { listSeasons, endSeason }: SeasonRouteDeps,
): Record<"listSeasons" | "readSeason" | "endSeason", Route> {
  return {
    listSeasons: toRoute(operations.listSeasons, async ({ params, query, caller }) =>
      jsonReply(await listSeasons.list(params.board, query, caller)),
    ),
    readSeason: toRoute(operations.readSeason, async ({ params, caller }) =>
      jsonReply(await listSeasons.read(params.board, params.season, caller)),
    ),
    endSeason: toRoute(operations.endSeason, async ({ params, body }) => {
      const { startsAt, endsAt, ...ended } = await endSeason(params.board, body.expect);
      return jsonReply({ ...ended, state: "closing", ...toIsoSeason({ startsAt, endsAt }) });
    }),
  };
}
