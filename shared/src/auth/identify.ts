import type { OperatorAccess } from "../api/operation.ts";
import { invalidToken, Problem } from "../api/problems.ts";
import type { Topology } from "../model/regions.ts";
import { FailedCheck } from "./failed-check.ts";
import { requireAccess } from "./require-access.ts";
import { type Identity, isOperator, type Operator, type Tokens } from "./tokens.ts";

/**
 * The player who calls, by the `Authorization` header alone.
 *
 * @throws Problem `missing_token`, or `invalid_token`, also for a region that is no longer
 *   configured
 */
export async function identify(
  tokens: Tokens,
  topology: Topology,
  authorization: string | null | undefined,
): Promise<Identity> {
  return requireRegion(await tokens.verify(readBearer(authorization)), topology);
}

function requireRegion(identity: Identity, { regions }: Topology): Identity {
  if (regions.includes(identity.region)) return identity;
  const failed = new FailedCheck("region: not configured");
  throw invalidToken("The token names a region that is not configured here. Log in again.", failed);
}

/**
 * The operator who calls a route that needs `access`, or the player, where it takes players' tokens
 * as well.
 *
 * @throws Problem `missing_token`, `invalid_token`, `forbidden`, `role_required`,
 *   `board_not_allowed`, `unavailable`
 */
export async function identifyFor(
  tokens: Tokens,
  { topology, access }: { topology: Topology; access: OperatorAccess },
  authorization: string | null | undefined,
): Promise<Identity | Operator> {
  const token = readBearer(authorization);
  const caller = await (access.players ? tokens.verifyAny(token) : tokens.verifyOperator(token));
  if (!isOperator(caller)) return requireRegion(caller, topology);
  requireAccess(caller, access);
  return caller;
}

/**
 * The token of an `Authorization: Bearer` header (RFC 6750).
 *
 * @throws Problem `missing_token`
 */
export function readBearer(authorization: string | null | undefined, detail = NEEDED): string {
  const token = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new Problem("missing_token", detail);
  return token;
}

const NEEDED = "This route needs the header Authorization: Bearer <token>.";
