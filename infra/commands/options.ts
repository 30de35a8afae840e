import { type ParseArgsConfig, parseArgs } from "node:util";
import { ConfigError } from "shared/config";

/** `parseArgs`, whose complaints are those of a configuration. @throws ConfigError */
export function readArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)], "The options are not valid");
  }
}
