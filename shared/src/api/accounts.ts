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

const deviceIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:+/=-]{16,128}$/, "must be 16 to 128 of A-Z a-z 0-9 . _ : + / = -")
  .meta({
    writeOnly: true,
    description:
      "A secret that the client made at random and keeps, such as a UUID of version 4; no id that others can read or guess. The server keeps " +
      "only its SHA-256.",
  });

const guestSchema = (topology: Topology) =>
  z.strictObject({
    device_id: deviceIdSchema.optional(),
    name: nameSchema.optional().meta({ description: "Of a new player; `Guest` and four digits unless given." }),
    region: regionSchema(topology)
      .optional()
      .meta({ description: "Of a new player, who needs one unless there is only one region." }),
  });
export type GuestCall = z.input<ReturnType<typeof guestSchema>>;

const passwordSchema = z.strictObject({
  password: newPasswordSchema,
  old_password: triedPasswordSchema.optional().meta({
    description: "Of a player who has a password; left out by one who has none.",
  }),
});
export type PasswordChange = z.input<typeof passwordSchema>;

const ownNameSchema = z.strictObject({ name: nameSchema });
export type OwnName = z.input<typeof ownNameSchema>;

const session = (description: string) => ({ description, schema: sessionSchema, example: examples.session });

/** What players do to their own accounts, with their own tokens. */
const own = {
  tag: "players",
  access: "player",
  limits: ["user", "region"],
  isProxied: true,
} as const;

/** `/auth/…`: players who have an account here. */
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
    guest: {
      method: "POST",
      path: "/auth/guest",
      tag: "players",
      summary: "Play as a guest",
      description:
        "Makes a player whose `user_id` is `guest-` and 16 random letters and digits; with a `device_id` that made one " +
        "before, finds that player, until the player has a password (`bad_credentials` then: log in). Closed " +
        "(`registration_closed`) with `GUESTS=off` and where players come from an identity provider. Limited as registrations are.",
      access: "anyone",
      limits: ["address", "registration"],
      isProxied: true,
      isWrite: true,
      repeat: "never",
      body: { schema: guestSchema(topology), example: examples.guest, isOptional: true },
      success: {
        200: session("The player of this device."),
        201: session("A new player."),
      },
      problems: ["registration_closed", "bad_credentials", "queue_full", "outcome_unknown"],
    },
    setPassword: {
      ...own,
      method: "POST",
      path: "/auth/password",
      summary: "Set or change the own password",
      description:
        "The first password needs no other; a later one needs `old_password`, and a wrong one counts as a failed login. " +
        "Within a second tokens from before are refused, and so is the `device_id` of a guest: the answer has a new token.",
      isWrite: true,
      repeat: "never",
      body: { schema: passwordSchema, example: examples.passwordChange },
      success: { 200: session("Changed.") },
      problems: ["registration_closed", "bad_credentials", "queue_full", "outcome_unknown"],
    },
    refresh: {
      ...own,
      method: "POST",
      path: "/auth/refresh",
      summary: "Get a token for a token that still holds",
      description:
        "With a full lifetime and the name of now; the old one goes on until its end. `invalid_token` once the account is erased or its " +
        "password changed and, for a player with a password, `JWT_SESSION_SECONDS` after the login.",
      isWrite: false,
      repeat: "always",
      success: { 200: session("A new token.") },
      problems: ["registration_closed"],
    },
    changeName: {
      ...own,
      method: "PATCH",
      path: "/auth/me",
      summary: "Take another name",
      description:
        "On all boards, also for what older tokens go on to write. A name that an operator gave stays (`name_given`). Five a " +
        "day of one player are followed by `rate_limited`.",
      isWrite: true,
      repeat: "always",
      body: { schema: ownNameSchema, example: examples.ownName },
      success: { 200: session("The player has the name; so has the token.") },
      problems: ["registration_closed", "name_given", "not_found", "queue_full", "outcome_unknown"],
    },
  });
