import { errors } from "jose";

/**
 * A check that a token failed, for the log. Its words have names of claims and nothing else of the
 * token, because any client can choose what its token says.
 */
export class FailedCheck extends Error {
  constructor(check: string) {
    super(check);
    this.name = check;
  }
}

const FAULTS: Partial<Record<string, string>> = {
  aud: "another audience",
  iss: "another issuer",
  exp: "over",
  nbf: "not yet",
};

/** Names the check behind an error of jose, or of a check of ours. */
export function toFailedCheck(error: unknown): Error {
  if (error instanceof FailedCheck) return error;
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    return new FailedCheck(`${claim}: ${reason === "check_failed" ? (FAULTS[claim] ?? "not accepted") : reason}`);
  }
  return new FailedCheck(error instanceof errors.JOSEError ? error.code : (error as Error).name);
}
