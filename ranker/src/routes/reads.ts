import { zValidator } from "@hono/zod-validator";
import { refuseInvalid } from "shared/http";
import type { Topology } from "shared/regions";
import { boardSchema, userIdSchema, viewSchema } from "shared/scores";
import { z } from "zod";
import type { RankerApp, RankerDeps } from "../app.ts";

const LIMIT_MAX = 1000;
const RANGE_MAX = 100;

/** A count in a query: plain digits, so that `0x10`, `1e3` and `+5` are refused. */
export const count = (max: number, missing: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= 1 && value <= max, `must be from 1 to ${max}`)
    .default(missing);

/** What every read says: whose ranking, and which. */
export const readQuery = (topology: Topology) => ({ region: viewSchema(topology), board: boardSchema(topology) });

/** `GET /top`, `/rank/:userId` and `/around/:userId`: open to everybody. */
export function readRoutes(app: RankerApp, { boards, topology }: RankerDeps): void {
  const common = readQuery(topology);
  const player = zValidator("param", z.strictObject({ userId: userIdSchema }), refuseInvalid);
  const topQuery = z.strictObject({ ...common, limit: count(LIMIT_MAX, 100) });
  const rankQuery = z.strictObject(common);
  const aroundQuery = z.strictObject({ ...common, range: count(RANGE_MAX, 10) });

  app.get("/top", zValidator("query", topQuery, refuseInvalid), async (c) => {
    const { region, board, limit } = c.req.valid("query");
    return c.json(await boards.top(region, board, limit));
  });
  app.get("/rank/:userId", player, zValidator("query", rankQuery, refuseInvalid), async (c) => {
    const { region, board } = c.req.valid("query");
    return c.json(await boards.rank(region, board, c.req.valid("param").userId));
  });
  app.get("/around/:userId", player, zValidator("query", aroundQuery, refuseInvalid), async (c) => {
    const { region, board, range } = c.req.valid("query");
    return c.json(await boards.around(region, board, c.req.valid("param").userId, range));
  });
}
