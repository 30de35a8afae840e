import { zValidator } from "@hono/zod-validator";
import { createCoalesce } from "shared/coalesce";
import { refuseInvalid } from "shared/http";
import { requestSchemas } from "shared/requests";
import type { RankerApp, RankerDeps } from "../app.ts";

const encoder = new TextEncoder();

/** `GET /top`, `/rank/:userId` and `/around/:userId`: open to everybody. */
export function readRoutes(app: RankerApp, { boards, topology, passwordsRequired }: RankerDeps): void {
  const requests = requestSchemas(topology, passwordsRequired);
  // Most of those who look at the top look at the same: one reading, and one text, for all who ask at the same time.
  const readTop = createCoalesce<Uint8Array<ArrayBuffer>>();
  const player = zValidator("param", requests.player, refuseInvalid);

  app.get("/top", zValidator("query", requests.topQuery, refuseInvalid), async (c) => {
    const { region, board, partial, limit } = c.req.valid("query");
    const body = await readTop(JSON.stringify([region, board, limit, partial]), async () =>
      encoder.encode(JSON.stringify(await boards.top(region, board, limit, partial === "allow"))),
    );
    return c.body(body, 200, { "Content-Type": "application/json" });
  });
  app.get("/rank/:userId", player, zValidator("query", requests.rankQuery, refuseInvalid), async (c) => {
    const { region, board, partial } = c.req.valid("query");
    return c.json(await boards.rank(region, board, c.req.valid("param").userId, partial === "allow"));
  });
  app.get("/around/:userId", player, zValidator("query", requests.aroundQuery, refuseInvalid), async (c) => {
    const { region, board, partial, range } = c.req.valid("query");
    return c.json(await boards.around(region, board, c.req.valid("param").userId, range, partial === "allow"));
  });
}
