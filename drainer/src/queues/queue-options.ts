import { readArguments } from "shared/base/arguments";
import { ConfigError, INVALID_CONFIGURATION } from "shared/service/config";

export interface QueueOptions {
  action: "status" | "dead" | "retry" | "drop";
  isConfirmed: boolean;
  asJson: boolean;
  /** Only queues of this region. */
  region: string | undefined;
  /** Only the queue with this name. */
  queue: string | undefined;
}

export const HELP = `Shows what waits for PostgreSQL, and what PostgreSQL refused.

  bun run lb queue [options]

  (nothing)        how much waits and is dead, and the oldest of each
  --dead           every dead event whole, with time and reason
  --retry          puts the dead events back into their queue, to be tried again
  --drop           deletes the dead events and prints them; asks first
  --yes            does not ask

  --region NAME    only this region's queues
  --queue NAME     only this queue, as the list names it: EU, EU.3, accounts
  --json           one JSON object a line
  --help           shows this

Ends with 0; with 2 where --dead, --retry or --drop leave dead events behind; with 1 where it failed.
`;

const ACTIONS = ["dead", "retry", "drop"] as const;

/** @returns nothing when help was asked for @throws ConfigError with every fault */
export function readQueueOptions(args: string[]): QueueOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const [action = "status", ...others] = ACTIONS.filter((name) => values[name]);
  if (others.length > 0) throw new ConfigError([`--${action} and --${others[0]} are two things: ask for one`]);
  if (values.yes && action !== "drop") throw new ConfigError(["--yes goes with --drop"]);
  const { yes: isConfirmed = false, json: asJson = false, region, queue } = values;
  return { action, isConfirmed, asJson, region: region?.toUpperCase(), queue };
}

function parse(args: string[]) {
  const flag = { type: "boolean" } as const;
  const text = { type: "string" } as const;
  return readArguments(
    {
      args,
      options: {
        dead: flag,
        retry: flag,
        drop: flag,
        yes: flag,
        json: flag,
        help: { ...flag, short: "h" },
        region: text,
        queue: text,
      },
    },
    INVALID_CONFIGURATION,
  ).values;
}
