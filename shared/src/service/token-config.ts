import { z } from "zod";
import type { TokenOptions } from "../auth/tokens.ts";
import { ConfigError, httpUrl, wholeNumber } from "./environment.ts";

const text = z.string().min(1);
const secret = z.string().refine((text) => new TextEncoder().encode(text).length >= 32, "must have at least 32 bytes");

/** The variables of a service that verifies tokens. */
export const tokenFields = {
  JWT_SECRET: secret.meta({
    description:
      "Signs the tokens and verifies them. At least 32 random bytes, the same in every process: `openssl rand -base64 48`.",
    example: "",
  }),
  JWT_SECRET_PREVIOUS: secret.optional().meta({
    description:
      "Verifies tokens, too: the secret of before, or the next one. docs/operate.md has the order of a change.",
    example: "",
  }),
  JWT_ISSUER: text.default("leaderboard").meta({ description: "`iss` of the tokens." }),
  JWT_AUDIENCE: text.default("leaderboard").meta({ description: "`aud` of the tokens." }),
  JWT_LIFETIME_SECONDS: wholeNumber(60, 366 * 24 * 3600)
    .default(24 * 3600)
    .meta({ description: "Lifetime of a player's token." }),
  JWT_JWKS_URL: httpUrl.optional().meta({
    description: "Key set of an identity provider whose players are let in (RS256, ES256, EdDSA). Closes registration.",
    example: "https://id.example.com/.well-known/jwks.json",
  }),
  JWT_JWKS_ISSUER: text.optional().meta({
    description: "`iss` of the provider's tokens; `JWT_ISSUER` unless set.",
    example: "https://id.example.com/",
  }),
  JWT_JWKS_AUDIENCE: text.optional().meta({
    description:
      "`aud` of the provider's tokens, or `client_id` of Cognito's access tokens; `JWT_AUDIENCE` unless set.",
    example: "leaderboard",
  }),
  JWT_USER_ID_CLAIM: text.default("sub").meta({
    description:
      "Claim of the provider's tokens that becomes the `user_id`. One that is no `user_id` is spelled as one: docs/deploy.md.",
  }),
  JWT_REGION_CLAIM: text.default("region").meta({
    description: "Claim of the provider's tokens that names the home region, or the path to it: `app_metadata.region`.",
  }),
  JWT_DEFAULT_REGION: text
    .transform((region) => region.toUpperCase())
    .optional()
    .meta({
      description: "Home region of a provider's token without that claim; it is refused unless this is set.",
      example: "EU",
    }),
  JWT_NAME_CLAIM: text.default("name").meta({
    description:
      "Claim of the provider's tokens that names the player on boards; the subject where it is missing or cannot be shown.",
  }),
};

/** The token fields; a command that only signs has no regions. */
type TokenSettings = z.output<z.ZodObject<typeof tokenFields>> & { REGIONS?: readonly string[] };

/**
 * The options of tokens, from the token fields.
 *
 * @throws ConfigError for a default region that is not configured
 */
export function toTokenOptions(settings: TokenSettings): TokenOptions {
  const { JWT_DEFAULT_REGION: region, REGIONS: regions } = settings;
  if (region !== undefined && regions !== undefined && !regions.includes(region)) {
    throw new ConfigError([`JWT_DEFAULT_REGION must be one of ${regions.join(", ")}`]);
  }
  return {
    secret: settings.JWT_SECRET,
    previousSecret: settings.JWT_SECRET_PREVIOUS,
    issuer: settings.JWT_ISSUER,
    audience: settings.JWT_AUDIENCE,
    lifetimeSeconds: settings.JWT_LIFETIME_SECONDS,
    provider:
      settings.JWT_JWKS_URL === undefined
        ? undefined
        : {
            jwksUrl: settings.JWT_JWKS_URL,
            issuer: settings.JWT_JWKS_ISSUER ?? settings.JWT_ISSUER,
            audience: settings.JWT_JWKS_AUDIENCE ?? settings.JWT_AUDIENCE,
            userIdClaim: settings.JWT_USER_ID_CLAIM,
            regionClaim: settings.JWT_REGION_CLAIM,
            defaultRegion: settings.JWT_DEFAULT_REGION,
            regions: settings.REGIONS,
            nameClaim: settings.JWT_NAME_CLAIM,
          },
  };
}
