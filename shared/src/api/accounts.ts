import { z } from "zod";
import { newPasswordSchema, triedPasswordSchema } from "../auth/passwords.ts";
import { SPELLED } from "../auth/subject-spelling.ts";
import { nameSchema, triedNameSchema } from "../model/names.ts";
import type { Topology } from "../model/regions.ts";
import { regionSchema, scoreSchema, userIdSchema } from "../model/scores.ts";
import { examples } from "./examples.ts";
import { optionalUnless } from "./fields.ts";
import { nameOperations } from "./operation.ts";

/** The answer to a registration or a login. */
export const sessionSchema = z.object({
  token: z.string().meta({ description: "For `Authorization: Bearer`." }),
  user: z.object({ user_id: z.string(), name: z.string(), region: z.string() }),
});
export type Session = z.infer<typeof sessionSchema>;

// Kept for players of an identity provider, who have no account here.
const NOT_SPELLED = new RegExp(`^(?!${SPELLED})`);
const registeredIdSchema = userIdSchema.regex(NOT_SPELLED, `must not begin with ${SPELLED}`).meta({
  description: `The player's public name in every URL. It does not begin with \`${SPELLED}\`.`,
});

const registrationSchema = (topology: Topology, passwordsRequired: boolean) =>
  z.strictObject({
    user_id: registeredIdSchema,
    name: nameSchema,
    region: regionSchema(topology),
    initialScore: scoreSchema.optional(),
    password: optionalUnless(passwordsRequired, newPasswordSchema),
  });
export type Registration = z.input<ReturnType<typeof registrationSchema>>;

const credentialsSchema = (topology: Topology, passwordsRequired: boolean) =>
  z.strictObject({
    user_id: userIdSchema,
    name: triedNameSchema.optional(),
    region: regionSchema(topology).optional(),
    password: optionalUnless(passwordsRequired, triedPasswordSchema),
  });
export type Credentials = z.input<ReturnType<typeof credentialsSchema>>;

/** `POST /auth/register` and `POST /auth/login`. */
export const accountOperations = (topology: Topology, passwordsRequired: boolean) =>
  nameOperations({
    register: {
      method: "POST",
      path: "/auth/register",
      tag: "players",
      summary: "Register a player",
      description:
        "Closed (`registration_closed`) where players come from an identity provider. A `user_id` that has imported entries " +
        "registers in their region alone. Registrations of one network are limited beside the limit by address.",
      access: "anyone",
      limits: ["address", "registration"],
      isProxied: true,
      isWrite: true,
      repeat: "never",
      body: { schema: registrationSchema(topology, passwordsRequired), example: examples.registration },
      success: { 201: { description: "Registered.", schema: sessionSchema, example: examples.session } },
      problems: [
        "registration_closed",
        "board_read_only",
        "operator_not_allowed",
        "score_out_of_bounds",
        "user_exists",
        "wrong_region",
        "queue_full",
        "outcome_unknown",
      ],
    },
    login: {
      method: "POST",
      path: "/auth/login",
      tag: "players",
      summary: "Log a player in",
      description:
        "Ten failed tries of one player from one address are followed by `rate_limited`; a /56 of IPv6 has twice, a /48 " +
        "four times the tries of an address.",
      access: "anyone",
      limits: ["address"],
      isProxied: true,
      isWrite: false,
      repeat: "never",
      body: { schema: credentialsSchema(topology, passwordsRequired), example: examples.credentials },
      success: { 200: { description: "Logged in.", schema: sessionSchema, example: examples.session } },
      // A login completes the initial score of a registration that broke off.
      problems: ["bad_credentials", "wrong_region", "queue_full", "outcome_unknown"],
    },
  });
