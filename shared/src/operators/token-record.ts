import { randomBytes } from "node:crypto";
import { z } from "zod";
import { operatorNameSchema, TOKEN_ID } from "../auth/own-tokens.ts";
import type { Operator } from "../auth/tokens.ts";
import { BOARD_ID } from "../model/board-id.ts";
import { ROLES } from "../model/roles.ts";

const timeSchema = z.iso.datetime();

/** What is kept of a listed token: never the token itself. */
export const tokenRecordSchema = z.object({
  token_id: z.string().regex(TOKEN_ID),
  name: operatorNameSchema,
  role: z.enum(ROLES),
  /** The only boards that it is for; null for all. */
  boards: z.array(z.string().regex(BOARD_ID)).nullable(),
  made_at: timeSchema,
  expires_at: timeSchema,
});
export type TokenRecord = z.infer<typeof tokenRecordSchema>;

/** The record of a token that is made now. */
export function toTokenRecord(
  { name, role, boards }: Pick<Operator, "name" | "role" | "boards">,
  { madeAtMs, lifetimeSeconds }: { madeAtMs: number; lifetimeSeconds: number },
): TokenRecord {
  return {
    token_id: randomBytes(8).toString("hex"),
    name,
    role,
    boards: boards === undefined ? null : [...boards],
    made_at: new Date(madeAtMs).toISOString(),
    expires_at: new Date(madeAtMs + lifetimeSeconds * 1000).toISOString(),
  };
}

/** How long a token is kept in mind after it has expired: the list shows it. */
export const KEPT_AFTER_EXPIRY_MS = 7 * 24 * 3600 * 1000;

/** Milliseconds since the epoch. */
export const expiresAtMs = ({ expires_at }: Pick<TokenRecord, "expires_at">): number => Date.parse(expires_at);
