import { readArguments } from "shared/base/arguments";
import { INVALID_CONFIGURATION } from "shared/service/config";

export interface ReconcileCommandOptions {
  isFixing: boolean;
  asJson: boolean;
  /** Only this region's boards; without it all of them, and the accounts. */
  region: string | undefined;
}

export const HELP = `Compares Redis with PostgreSQL, player by player, beside live traffic. What still waits for PostgreSQL is left alone.

  bun run lb reconcile [options]

  --fix            repairs: the newer version wins; of one version Redis, unless it contradicts itself
  --region NAME    only this region's boards; without it all of them, and the accounts
  --json           one JSON object a line: each difference, and the counts at the end
  --help           shows this

Ends with 0 when the two agree (with --fix: now agree); with 2 where differences are left; with 1 where it failed.
`;

/** @returns nothing when help was asked for @throws ConfigError with every fault */
export function readReconcileOptions(args: string[]): ReconcileCommandOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  return { isFixing: values.fix ?? false, asJson: values.json ?? false, region: values.region?.toUpperCase() };
}

function parse(args: string[]) {
  const flag = { type: "boolean" } as const;
  const options = { fix: flag, json: flag, region: { type: "string" }, help: { ...flag, short: "h" } } as const;
  return readArguments({ args, options }, INVALID_CONFIGURATION).values;
}
