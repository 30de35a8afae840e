import { z } from "zod";
import type { Topology } from "../../model/regions.ts";
import { boardSchema, userIdSchema } from "../../model/scores.ts";
import { mayBePartial, rankSchema, readFields, seasonNameSchema, seasonProblems, viewField } from "../boards.ts";
import { entrySchema, rankField } from "../entries.ts";
import { examples } from "../examples.ts";
import { itemProblemFields, playerParams, seasonFields, totalField } from "../fields.ts";
import { nameOperations, openRead } from "../operation.ts";

export const RANKS_MAX = 200;
export const BOARDS_OF_PLAYER_MAX = 32;

const ids = z
  .array(userIdSchema, `must be a list of 1 to ${RANKS_MAX} ids`)
  .min(1, `must be a list of 1 to ${RANKS_MAX} ids`)
  .max(RANKS_MAX, `must be a list of 1 to ${RANKS_MAX} ids`)
  .meta({ description: "Whose ranks. An id that is given twice is answered once." });

/** `current`, `previous`, or a number, which a body may spell as one. */
const seasonInBody = z
  .union([z.int("must be current, previous, or the number of a season").min(0).max(999_999_999), seasonNameSchema])
  .meta({ description: "On a board with seasons: the one that runs unless given." });

const ranksBody = (topology: Topology) =>
  z.strictObject({ ...readFields(topology), season: seasonInBody.optional(), ids });
/** What the client sends: every field but `ids` is optional. */
export type RanksQuestion = z.input<ReturnType<typeof ranksBody>>;

const position = rankField.meta({ description: "The place among the ids that are ranked; 1 is the best." });

export const ranksSchema = z.object({
  region: viewField,
  total: totalField.meta({ description: "Entries of the view." }),
  entries: z
    .array(entrySchema.extend({ rank: rankField, position }))
    .meta({ description: "Those of the ids that are ranked, the best first, with their ranks in the view." }),
  not_ranked: z.array(z.string()).meta({ description: "Those that have no entry, or are hidden, in their order." }),
  unknown: z.array(z.string()).optional().meta({
    description: "Those that may be in a missing region; present where `partial` is `allow`.",
  }),
  ...seasonFields,
  ...mayBePartial,
});
export type RanksView = z.infer<typeof ranksSchema>;

const boards = z
  .string()
  .transform((text) => [...new Set(text.split(","))])
  .pipe(z.array(boardSchema.unwrap()).max(BOARDS_OF_PLAYER_MAX, `must be at most ${BOARDS_OF_PLAYER_MAX} boards`))
  .meta({ description: `Ids of up to ${BOARDS_OF_PLAYER_MAX} boards, with commas between them.` });

const playerBoardsQuery = (topology: Topology) => {
  const { board: _, ...fields } = readFields(topology);
  return z.strictObject({ ...fields, boards });
};
/** The query as the client takes it. */
export type PlayerBoardsQuery = Partial<Omit<z.output<ReturnType<typeof playerBoardsQuery>>, "boards">>;

/** A player's place on one board, or why there is none. */
export const boardPlaceSchema = z.union([
  z.object({ board: z.string(), status: z.literal(200), ...rankSchema.shape }),
  z.object({ board: z.string(), ...itemProblemFields, missing_regions: z.array(z.string()).optional() }),
]);
export type BoardPlace = z.infer<typeof boardPlaceSchema>;

export const playerBoardsSchema = z.object({
  user_id: z.string(),
  region: viewField,
  boards: z.array(boardPlaceSchema).meta({ description: "In the order in which the boards were asked for." }),
});
export type PlayerBoardsView = z.infer<typeof playerBoardsSchema>;

/** Reads of many: `POST /ranks` and `GET /players/:userId/boards`. */
export const manyOperations = (topology: Topology) =>
  nameOperations({
    ranks: {
      ...openRead,
      method: "POST",
      path: "/ranks",
      summary: "The ranks of up to 200 players",
      description: "For friends' lists: each with its rank on the board, and its position among those asked for.",
      body: { schema: ranksBody(topology), example: examples.ranksQuestion },
      success: { 200: { description: "The ranks.", schema: ranksSchema, example: examples.ranks } },
      problems: ["board_not_found", ...seasonProblems, "region_unavailable", "stale_definition"],
    },
    playerBoards: {
      ...openRead,
      path: "/players/:userId/boards",
      summary: "One player's rank on several boards",
      description:
        "Each board is answered as `GET /rank/:userId` answers it, with a status of its own: a board on which the " +
        "player has no entry, or that cannot be read, leaves the others as they are.",
      params: playerParams,
      query: playerBoardsQuery(topology),
      success: {
        200: { description: "The ranks.", schema: playerBoardsSchema, example: examples.playerBoards },
      },
      problems: [],
    },
  });
