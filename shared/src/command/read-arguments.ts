import { type ParseArgsConfig, parseArgs } from "node:util";
import { ConfigError } from "../service/config.ts";

export const INVALID_OPTIONS = "The options are not valid";

/** `parseArgs`, whose error becomes one of a configuration. @throws ConfigError */
export function readArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)], INVALID_OPTIONS);
  }
}
