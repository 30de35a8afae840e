import { isBoardId } from "shared/model/board-id";
import { z } from "zod";

/** The number of a season, as it is typed. */
export const seasonNumber = z
  .string()
  .regex(/^(0|[1-9]\d{0,8})$/, "must be the number of a season")
  .transform(Number);

const TEXTS = z.tuple([z.string().refine(isBoardId), seasonNumber], "name a board and the number of a season");

/** `BOARD N` */
export const boardAndSeason = z.array(z.string()).transform((given, { addIssue }) => {
  const parsed = TEXTS.safeParse(given);
  if (parsed.success) return parsed.data;
  addIssue("name a board and the number of a season, such as weekly 3");
  return z.NEVER;
});
