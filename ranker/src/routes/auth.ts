import { readJson } from "shared/http";
import { Problem } from "shared/problems";
import { nameSchema, regionSchema, scoreSchema, userIdSchema } from "shared/scores";
import type { Identity } from "shared/tokens";
import { z } from "zod";
import type { RankerApp, RankerDeps } from "../app.ts";

const passwordSchema = z
  .string()
  .refine((password) => [...password].length >= 8, "must have at least 8 characters")
  .refine((password) => [...password].length <= 128, "must have at most 128 characters");

/** `POST /auth/register` and `POST /auth/login`. */
export function authRoutes(app: RankerApp, deps: RankerDeps): void {
  const { accounts, tokens, topology, passwordsRequired, registrationOpen } = deps;
  const region = regionSchema(topology);
  const registration = z.strictObject({
    user_id: userIdSchema,
    name: nameSchema,
    region,
    initialScore: scoreSchema.optional(),
    password: passwordsRequired ? passwordSchema : passwordSchema.optional(),
  });
  const credentials = z.strictObject({
    user_id: userIdSchema,
    name: nameSchema.optional(),
    region: region.optional(),
    // Any text may be tried: the rules for a new password are no business of a login.
    password: passwordsRequired ? z.string().max(256) : z.string().max(256).optional(),
  });
  const answer = async (identity: Identity) => ({
    token: await tokens.issue(identity),
    user: { user_id: identity.userId, name: identity.name, region: identity.region },
  });

  app.post("/auth/register", async (c) => {
    if (!registrationOpen) {
      throw new Problem("registration_closed", "Players of this server register with its identity provider.");
    }
    return c.json(await answer(await accounts.register(await readJson(c, registration))), 201);
  });
  app.post("/auth/login", async (c) => c.json(await answer(await accounts.login(await readJson(c, credentials)))));
}
