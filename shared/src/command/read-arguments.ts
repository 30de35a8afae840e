import { type ParseArgsConfig, parseArgs } from "node:util";
import { ConfigError } from "../service/environment.ts";
import { suggest } from "./suggest.ts";

/** `parseArgs`, whose error becomes one of a configuration. @throws ConfigError */
export function readArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new ConfigError([explain(error, Object.keys(config.options ?? {}))]);
  }
}

/** What is wrong, in our words: those of `parseArgs` go on about its own options. */
function explain(error: unknown, options: readonly string[]): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const unknown = /'(-[^' ]*)'/.exec(message)?.[1];
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION" && unknown !== undefined) {
    return `there is no option ${unknown}${suggest(
      unknown,
      options.map((name) => `--${name}`),
    )}`;
  }
  const unexpected = /Unexpected argument '([^']*)'/.exec(message)?.[1];
  if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL" && unexpected !== undefined) {
    return `it takes no argument, and got ${unexpected}`;
  }
  return message.split("\n")[0] ?? message;
}
