import { z } from "zod";
import type { BoardChanges, BoardState } from "../model/board-changes.ts";
import type { Topology } from "../model/regions.ts";
import { type RankView, rankSchema, viewField } from "./boards.ts";
import { entrySchema, rankField } from "./entries.ts";
import { countField, playerParams, problemCodeSchema, seasonFields, totalField, viewFields } from "./fields.ts";
import { nameOperations, openRead, type Success } from "./operation.ts";
import type { ProblemCode } from "./problems.ts";

const LIVE_LIMIT_MAX = 100;
const LIVE_LIMIT_DEFAULT = 20;

/** Clients that cannot set a header between two connections send the id in the query. */
const lastEventIdField = z
  .string()
  .optional()
  .meta({
    description:
      "The id of the last event, from clients that cannot send the header `Last-Event-ID`, which comes first. " +
      "An id that the server does not know begins with a snapshot.",
  });

const liveQuery = (topology: Topology) =>
  z.strictObject({
    ...viewFields(topology),
    lastEventId: lastEventIdField,
    limit: countField(LIVE_LIMIT_MAX, LIVE_LIMIT_DEFAULT, "How many entries, from the best on."),
  });
const liveRankQuery = (topology: Topology) =>
  z.strictObject({ ...viewFields(topology), lastEventId: lastEventIdField });
/**
 * The query as the client takes it: counts are numbers, and every field is optional. The client
 * sends the id of the last event as a header.
 */
export type LiveQuery = Partial<Omit<z.output<ReturnType<typeof liveQuery>>, "lastEventId">>;
export type LiveRankQuery = Partial<Omit<z.output<ReturnType<typeof liveRankQuery>>, "lastEventId">>;

/** What the events of streams have as `data`, by the names of the events. */
const freshness = {
  stale: z.object({ code: problemCodeSchema }).meta({
    description: "The entries cannot be read at the moment; those that were shown may be old.",
  }),
  fresh: z.object({}).meta({ description: "They can again, and have not changed." }),
};
const entryName = { user_id: z.string(), region: z.string() };
const boardEvents = {
  snapshot: z
    .object({ region: viewField, board: z.string(), total: totalField, entries: z.array(entrySchema), ...seasonFields })
    .meta({ description: "All entries that are shown. It replaces those before." }),
  change: z
    .object({
      total: totalField,
      left: z.array(z.object(entryName)),
      entered: z.array(entrySchema),
      changed: z.array(entrySchema).meta({ description: "With another score, time, tier or name." }),
      moved: z
        .array(z.object({ ...entryName, rank: rankField }))
        .meta({ description: "Entries of which only the rank differs." }),
    })
    .meta({ description: "What has changed since the event before." }),
  season: z
    .object(seasonFields)
    .meta({ description: "Another season runs, or ends at another time; a snapshot of it follows." }),
  ...freshness,
};
const rankEvents = {
  rank: rankSchema,
  not_ranked: z.object({ user_id: z.string() }).meta({ description: "The player has left the board." }),
  ...freshness,
};

const streamOf = (events: NonNullable<Success["events"]>) => ({
  200: { description: "The stream.", mediaType: "text/event-stream", events },
});

/** `GET /live` and `/live/rank/:userId`: Server-Sent Events. */
export const liveOperations = (topology: Topology) =>
  nameOperations({
    live: {
      ...openRead,
      success: streamOf(boardEvents),
      path: "/live",
      summary: "A board's top as it changes",
      description:
        "Server-Sent Events: a snapshot, then what changes, numbered; the header `Last-Event-ID` or the query " +
        "`lastEventId` resumes. A stream is not limited in time.",
      query: liveQuery(topology),
      problems: ["board_not_found", "season_unknown", "region_unavailable", "stale_definition", "too_many_streams"],
    },
    liveRank: {
      ...openRead,
      success: streamOf(rankEvents),
      path: "/live/rank/:userId",
      params: playerParams,
      summary: "One player's rank as it changes",
      query: liveRankQuery(topology),
      problems: [
        "board_not_found",
        "not_ranked",
        "season_unknown",
        "region_unavailable",
        "stale_definition",
        "too_many_streams",
      ],
    },
  });

/** Events of every stream: whether the entries that it showed last can still be read. */
export type FreshnessEvent =
  /** They cannot at the moment, for this reason. */
  | { event: "stale"; data: { code: ProblemCode } }
  /** They can, and have not changed. */
  | { event: "fresh"; data: Record<string, never> };

/** Events of `/live`: a board, then its changes. */
export type BoardEvent =
  /** Replaces all entries. */
  | { event: "snapshot"; data: BoardState }
  /** What has changed: `applyChanges` applies it to the state before. */
  | { event: "change"; data: BoardChanges }
  /** Another season runs, or ends at another time; a snapshot of it follows. */
  | { event: "season"; data: Pick<BoardState, "season" | "starts_at" | "ends_at"> }
  | FreshnessEvent;

/** Events of `/live/rank/:userId`. */
export type RankEvent =
  | { event: "rank"; data: RankView }
  /** The player has left the board. */
  | { event: "not_ranked"; data: { user_id: string } }
  | FreshnessEvent;
