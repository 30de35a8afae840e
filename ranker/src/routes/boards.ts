import type { TopView } from "shared/api/boards";
import type { RankerOperations } from "shared/api/operations";
import { createCoalesce } from "shared/http/coalesce";
import { jsonReply, type SharedBody, shareBody } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import type { Boards } from "../boards/boards.ts";
import type { ToRoute } from "./to-route.ts";

const encoder = new TextEncoder();

/** `GET /top`, `/rank/:userId` and `/around/:userId`: open to everyone. */
export function boardRoutes(
  { top, rank, around }: RankerOperations,
  toRoute: ToRoute,
  { boards }: { boards: Boards },
): Record<"top" | "rank" | "around", Route> {
  // Requests for the same top at the same time share one reading and one text.
  const readTop = createCoalesce<SharedBody>();

  // A board on which nothing has changed is the same object, and so the same text.
  const bodies = new WeakMap<TopView, SharedBody>();
  function toBody(view: TopView): SharedBody {
    const body = bodies.get(view) ?? shareBody(encoder.encode(JSON.stringify(view)));
    bodies.set(view, body);
    return body;
  }

  return {
    top: toRoute(top, async ({ query: { region, board, limit, partial } }) => {
      const body = await readTop(`${region} ${board} ${limit} ${partial}`, async () =>
        toBody(await boards.top(region, board, limit, partial === "allow")),
      );
      return { status: 200, body };
    }),
    rank: toRoute(rank, async ({ params: { userId }, query: { region, board, partial } }) =>
      jsonReply(await boards.rank(region, board, userId, partial === "allow")),
    ),
    around: toRoute(around, async ({ params: { userId }, query: { region, board, partial, range } }) =>
      jsonReply(await boards.around(region, board, userId, range, partial === "allow")),
    ),
  };
}
