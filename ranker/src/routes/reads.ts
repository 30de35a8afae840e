import type { TopView } from "shared/api/answers";
import { toInvalidRequest } from "shared/api/problems";
import { requestSchemas } from "shared/api/requests";
import { createCoalesce } from "shared/http/coalesce";
import type { HotRoute } from "shared/http/hot-routes";
import type { Incoming } from "shared/http/incoming";
import { queryReader } from "shared/http/read-query";
import { jsonReply, type SharedBody, shareBody } from "shared/http/reply";
import { isUserId } from "shared/model/scores";
import type { RankerDeps } from "../app.ts";

const encoder = new TextEncoder();

/** `GET /top`, `/rank/:userId` and `/around/:userId`: open to everybody. */
export function readRoutes({ boards, topology, passwordsRequired }: RankerDeps): HotRoute[] {
  const requests = requestSchemas(topology, passwordsRequired);
  const readTopQuery = queryReader(requests.topQuery);
  const readRankQuery = queryReader(requests.rankQuery);
  const readAroundQuery = queryReader(requests.aroundQuery);
  // Most of those who look at the top look at the same: one reading, and one text, for all who ask at the same time.
  const readTop = createCoalesce<SharedBody>();

  // A board on which nothing has changed is the same object, and so the same text.
  const bodies = new WeakMap<TopView, SharedBody>();
  function toBody(top: TopView): SharedBody {
    const body = bodies.get(top) ?? shareBody(encoder.encode(JSON.stringify(top)));
    bodies.set(top, body);
    return body;
  }

  function readUserId({ param }: Incoming): string {
    if (isUserId(param)) return param;
    const result = requests.player.safeParse({ userId: param });
    if (result.success) return result.data.userId;
    throw toInvalidRequest(result.error, "path");
  }

  return [
    {
      method: "GET",
      path: "/top",
      async answer({ query }) {
        const { region, board, partial, limit } = readTopQuery(query);
        const body = await readTop(`${region} ${board} ${limit} ${partial}`, async () =>
          toBody(await boards.top(region, board, limit, partial === "allow")),
        );
        return { status: 200, body };
      },
    },
    {
      method: "GET",
      path: "/rank/:userId",
      async answer(incoming) {
        const userId = readUserId(incoming);
        const { region, board, partial } = readRankQuery(incoming.query);
        return jsonReply(await boards.rank(region, board, userId, partial === "allow"));
      },
    },
    {
      method: "GET",
      path: "/around/:userId",
      async answer(incoming) {
        const userId = readUserId(incoming);
        const { region, board, partial, range } = readAroundQuery(incoming.query);
        return jsonReply(await boards.around(region, board, userId, range, partial === "allow"));
      },
    },
  ];
}
