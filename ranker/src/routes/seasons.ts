import type { RankerOperations } from "shared/api/operations";
import { jsonReply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import type { ListSeasons } from "../seasons/list-seasons.ts";
import type { ToRoute } from "./to-route.ts";

export interface SeasonRouteDeps {
  listSeasons: ListSeasons;
}

/** `/boards/:board/seasons…`: open to all who may read the board. */
export function seasonRoutes(
  operations: RankerOperations,
  toRoute: ToRoute,
  { listSeasons }: SeasonRouteDeps,
): Record<"listSeasons" | "readSeason", Route> {
  return {
    listSeasons: toRoute(operations.listSeasons, async ({ params, query, caller }) =>
      jsonReply(await listSeasons.list(params.board, query, caller)),
    ),
    readSeason: toRoute(operations.readSeason, async ({ params, caller }) =>
      jsonReply(await listSeasons.read(params.board, params.season, caller)),
    ),
  };
}
