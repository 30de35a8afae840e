import type { LeaderboardError } from "leaderboard-client";
import { value } from "shared/command/define-command";
import type { Environment } from "shared/service/environment";
import { z } from "zod";
import { STACK_URL } from "../../start/environment.ts";
import { DEFAULT_PORTS } from "../../start/stack-options.ts";

/**
 * The gateway that a command plays through: that of the embedded stack where it has been run, else
 * the one of the port in the environment, else of the default port.
 */
export function gatewayUrl(env: Environment): string {
  return env[STACK_URL] ?? `http://127.0.0.1:${env.GATEWAY_PORT || DEFAULT_PORTS.GATEWAY_PORT}`;
}

/** The option that names another gateway. */
export const urlOption = value(
  "URL",
  "the gateway; without it that of npm start",
  z
    .string()
    .refine((text) => URL.canParse(text), "must be a URL")
    .transform((text) => text.replace(/\/+$/, ""))
    .optional(),
);

/** What a gateway refused, in a person's words. */
export function explainRefusal({ code, status, message, errors }: LeaderboardError, url: string): string {
  if (code === "no_answer") return `Nothing answers at ${url}: is npm start running?`;
  const fields = errors.map(({ field, message: fault }) => `; ${field} ${fault}`).join("");
  return `${message}${fields} (${status} ${code})`;
}
