import { INVALID_OPTIONS, readArguments } from "shared/base/arguments";
import { createLog } from "shared/log/log";
import { boardSchema, viewSchema } from "shared/model/scores";
import { awaitReady } from "shared/redis/redis";
import {
  ConfigError,
  commonFields,
  type Environment,
  parseEnvironment,
  toTopology,
  wholeNumber,
} from "shared/service/config";
import { compareSplit } from "shared/stores/split";
import { connectStores } from "shared/stores/stores";
import { z } from "zod";
import { createBoards } from "../../ranker/src/boards/boards.ts";
import { table } from "./demo/display.ts";

const READY_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 5_000;
const LIMIT_MAX = 10_000;

const HELP = `Prints the best of a board, as the rankings stand in Redis.

  bun run lb top [options]

  --region NAME    only this region's; without it everybody's
  --board NAME     the board      main
  --limit N        how many       10
  --json           one JSON object: region, total, entries
  --help           shows this

Ends with 0; with 1 where it failed.
`;

/** `lb top`. @returns the exit code */
export async function topCommand(args: string[], env: Environment): Promise<number> {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = { region: text, board: text, limit: text, json: flag, help: { ...flag, short: "h" } } as const;
  const { values } = readArguments({ args, options });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const settings = parseEnvironment(commonFields, ["REDIS_URL"], env);
  const topology = toTopology(settings);
  const schema = z.object({
    region: viewSchema(topology),
    board: boardSchema(topology),
    limit: wholeNumber(1, LIMIT_MAX).default(10),
  });
  const wanted = schema.safeParse(values);
  if (!wanted.success) {
    throw new ConfigError(
      wanted.error.issues.map(({ path, message }) => `--${path.join(".")} ${message}`),
      INVALID_OPTIONS,
    );
  }
  const stores = connectStores({
    homeUrl: settings.REDIS_URL,
    urlsByRegion: settings.urlsByRegion.REDIS_URL,
    name: "top",
    log: createLog("top", "error"),
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
  });
  try {
    await Promise.all(stores.all.map((redis) => awaitReady(redis, READY_TIMEOUT_MS)));
    for (const each of topology.regions) await compareSplit(stores.of(each), topology, each);
    const { region, board, limit } = wanted.data;
    const top = await createBoards(topology, stores.of).top(region, board, limit);
    const people = `${table(top.entries)}\n\n${top.total.toLocaleString("en")} on board ${board} of ${region}`;
    process.stdout.write(`${values.json ? JSON.stringify(top) : people}\n`);
    return 0;
  } finally {
    stores.close();
  }
}
