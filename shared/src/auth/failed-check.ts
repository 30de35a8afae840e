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

const FAULTS_BY_CODE: Partial<Record<string, string>> = {
  [errors.JWSSignatureVerificationFailed.code]: "signature: of no known key",
  [errors.JWKSNoMatchingKey.code]: "kid: no such key of this algorithm",
  [errors.JOSEAlgNotAllowed.code]: "alg: not accepted",
  [errors.JOSENotSupported.code]: "header: asks for what is not supported",
  [errors.JWSInvalid.code]: "not a signed token",
  [errors.JWTInvalid.code]: "no claims in it",
};

const FAULTS_BY_NAME: Partial<Record<string, string>> = {
  SyntaxError: "not JSON inside",
  ZodError: "not the claims of our own tokens",
};

/** Names the check behind an error of jose, or of a check of ours, in words. */
export function toFailedCheck(error: unknown): Error {
  if (error instanceof FailedCheck) return error;
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    return new FailedCheck(`${claim}: ${reason === "check_failed" ? (FAULTS[claim] ?? "not accepted") : reason}`);
  }
  if (error instanceof errors.JOSEError) return new FailedCheck(FAULTS_BY_CODE[error.code] ?? error.code);
  const { name } = error as Error;
  return new FailedCheck(FAULTS_BY_NAME[name] ?? name);
}
