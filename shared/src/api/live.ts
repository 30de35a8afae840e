import { z } from "zod";
import type { Topology } from "../model/regions.ts";
import { countField, playerParams, viewFields } from "./fields.ts";
import { describe, openRead } from "./operation.ts";

const LIVE_LIMIT_MAX = 100;
const LIVE_LIMIT_DEFAULT = 20;

const liveQuery = (topology: Topology) =>
  z.strictObject({
    ...viewFields(topology),
    limit: countField(LIVE_LIMIT_MAX, LIVE_LIMIT_DEFAULT, "How many entries, from the best on."),
  });
const liveRankQuery = (topology: Topology) => z.strictObject(viewFields(topology));
/** As a caller thinks of them: counts are numbers, and everything has a default. */
export type LiveQuery = Partial<z.output<ReturnType<typeof liveQuery>>>;
export type LiveRankQuery = Partial<z.output<ReturnType<typeof liveRankQuery>>>;

const stream = {
  ...openRead,
  success: { 200: { description: "The stream.", mediaType: "text/event-stream" } },
} as const;

/** `GET /live` and `/live/rank/:userId`: Server-Sent Events. */
export const liveOperations = (topology: Topology) => ({
  live: describe({
    ...stream,
    path: "/live",
    id: "live",
    summary: "A board's top as it changes",
    description:
      "Server-Sent Events: a snapshot, then what changes, numbered; `Last-Event-ID` resumes. A stream is not limited " +
      "in time.",
    query: liveQuery(topology),
    problems: ["region_unavailable", "too_many_streams"],
  }),
  liveRank: describe({
    ...stream,
    path: "/live/rank/:userId",
    id: "liveRank",
    params: playerParams,
    summary: "One player's rank as it changes",
    query: liveRankQuery(topology),
    problems: ["not_ranked", "region_unavailable", "too_many_streams"],
  }),
});
