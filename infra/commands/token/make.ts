import { operatorNameSchema, TOKEN_BOARDS_MAX } from "shared/auth/own-tokens";
import { createTokens } from "shared/auth/tokens";
import { defineCommand, flag, value } from "shared/command/define-command";
import { BOARD_ID } from "shared/model/board-id";
import { ROLES } from "shared/model/roles";
import { closedSet, parseFields, wholeNumber } from "shared/service/environment";
import { tokenFields, toTokenOptions } from "shared/service/token-config";
import { z } from "zod";
import { openTokenList } from "./open-token-list.ts";

const DAYS_MAX = 366;
const SECONDS_A_DAY = 24 * 3600;

const isOneName = (names: unknown) => z.tuple([operatorNameSchema]).safeParse(names).success;

const boards = closedSet(BOARD_ID, "small letters, digits, _ and -").refine(
  (names) => names.length <= TOKEN_BOARDS_MAX,
  `must name ${TOKEN_BOARDS_MAX} at most`,
);

export const makeTokenCommand = defineCommand({
  name: "token make",
  about: "Makes a token for an operator, with a role, and puts it on the list.",
  usage: "./lb token make NAME --role ROLE [options]",
  positionals: z.custom<[name: string]>(isOneName, "name one operator: 1 to 64 of A-Z a-z 0-9 . _ @ -"),
  options: {
    role: value("ROLE", ROLES.join(", "), z.enum(ROLES, `must be one of ${ROLES.join(", ")}`)),
    boards: value("A,B", "only for these boards; without it for all", boards.optional()),
    days: value("N", "how long it is valid", wholeNumber(1, DAYS_MAX).default(30)),
    json: flag("one JSON object: token, id, operator, role, boards, expires_at"),
  },
  notes: `
Prints the token alone; its id goes to the standard error. Each role does what those before it do:
  reader     reads what is kept of a player
  writer     writes scores for players
  moderator  hides, renames and erases players
  admin      everything
Ends with 0; with 1 where it failed.`,
  async run({ options, positionals: [name], env }) {
    const { issueListed } = createTokens(toTokenOptions(parseFields(tokenFields, env)));
    using opened = await openTokenList(env);
    const seconds = options.days * SECONDS_A_DAY;
    const asked = { name, role: options.role, boards: options.boards };
    const record = await opened.tokens.add(asked, seconds);
    const { token_id: id, role, boards, expires_at } = record;
    const token = await issueListed({ ...asked, tokenId: id }, seconds);
    if (!options.json) process.stderr.write(`id ${id}, valid until ${expires_at}\n`);
    const shown = options.json ? JSON.stringify({ token, id, operator: name, role, boards, expires_at }) : token;
    process.stdout.write(`${shown}\n`);
    return 0;
  },
});
