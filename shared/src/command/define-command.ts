import type { ParseArgsConfig } from "node:util";
import { z } from "zod";
import { inPlainWords } from "../base/plain-words.ts";
import { ConfigError, type Environment } from "../service/environment.ts";
import { formatHelp } from "./format-help.ts";
import { readArguments } from "./read-arguments.ts";

type Options = Record<string, z.ZodType>;

/** What a user typed, parsed. */
export interface Input<O extends Options, P extends z.ZodType> {
  options: z.output<z.ZodObject<O>>;
  positionals: z.output<P>;
  env: Environment;
}

export interface Declaration<O extends Options, P extends z.ZodType> {
  name: string;
  /** One sentence: the first line of the command's help, and its line in a list of commands. */
  about: string;
  /** How the command is called, such as `./lb export [FILE] [options]`. */
  usage: string;
  /** The rest of the help, after the options. */
  notes: string;
  /** Made with `value` and `flag`; `--help` is added. */
  options: O;
  /** Parses the array of arguments that are not options. Without it there must be none. */
  positionals?: P;
  /**
   * Faults that show only in several options together, or in the environment. Options that are not
   * valid by themselves are missing here, so that both kinds of faults are reported at once.
   */
  check?(options: Partial<z.output<z.ZodObject<O>>>, env: Environment): readonly string[];
  /** @returns the exit code @throws Error, for which it is 1 */
  run(input: Input<O, P>): Promise<number>;
}

export interface Command<O extends Options = Options, P extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly about: string;
  readonly usage: string;
  readonly help: string;
  /** @returns nothing where the user asked for help @throws ConfigError with every fault */
  parse(args: readonly string[], env: Environment): Input<O, P> | undefined;
  /**
   * Prints the help where the user asked for it, and runs the command otherwise.
   *
   * @returns the exit code
   */
  run(args: readonly string[], env: Environment): Promise<number>;
}

/**
 * An option that takes a value.
 *
 * @param placeholder stands for the value in the help, such as `SECONDS`
 */
export const value = <S extends z.ZodType>(placeholder: string, description: string, schema: S): S =>
  schema.meta({ placeholder, description });

/** An option that is given or not. */
export const flag = (description: string) => z.boolean().default(false).meta({ description });

const isFlag = (schema: z.ZodType) => schema.safeParse(true).success;

/**
 * Makes a command from its declaration: its arguments are parsed and its help is written by the
 * same schemas.
 */
export function defineCommand<O extends Options, P extends z.ZodType = z.ZodUndefined>(
  declaration: Declaration<O, P>,
): Command<O, P> {
  const { name, about, options, positionals: positionalsSchema } = declaration;
  const config: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean", short: "h" } };
  for (const [option, schema] of Object.entries(options)) {
    config[option] = { type: isFlag(schema) ? "boolean" : "string" };
  }
  const help = formatHelp(declaration);

  function parse(args: readonly string[], env: Environment): Input<O, P> | undefined {
    const allowPositionals = positionalsSchema !== undefined;
    const { values, positionals } = readArguments({ args: [...args], options: config, allowPositionals });
    if (values.help) return undefined;
    const valid: Record<string, unknown> = {};
    const faults: string[] = [];
    for (const [option, schema] of Object.entries(options)) {
      const parsed = schema.safeParse(values[option], { error: inPlainWords });
      if (parsed.success) valid[option] = parsed.data;
      else faults.push(`--${option} ${parsed.error.issues[0]?.message}`);
    }
    const rest = positionalsSchema?.safeParse(positionals, { error: inPlainWords });
    if (rest?.success === false) faults.push(rest.error.issues[0]?.message ?? "");
    faults.unshift(...(declaration.check?.(valid as Partial<z.output<z.ZodObject<O>>>, env) ?? []));
    if (faults.length > 0) throw new ConfigError(faults);
    return { options: valid as z.output<z.ZodObject<O>>, positionals: rest?.data as z.output<P>, env };
  }

  return {
    name,
    about,
    usage: declaration.usage,
    help,
    parse,
    async run(args, env) {
      const input = parse(args, env);
      if (input !== undefined) return declaration.run(input);
      process.stdout.write(help);
      return 0;
    },
  };
}
