import { z } from "zod";
import type { Environment } from "../service/environment.ts";
import { type Command, type Declaration, defineCommand } from "./define-command.ts";

type Action = Pick<Command, "name" | "usage" | "run">;

/** A command that is one of its actions, such as `lb board create`. */
export interface Actions {
  readonly name: string;
  readonly about: string;
  /** The command without an action, and its actions. */
  readonly parts: readonly object[];
  run(args: readonly string[], env: Environment): Promise<number>;
}

/**
 * Makes a command out of its actions, each of which is named `<name> <action>`. Without an action
 * it prints its help where that is asked for, and else what actions there are.
 */
export function defineActions(
  { name, about, notes }: Pick<Declaration<Record<string, never>, z.ZodType>, "name" | "about" | "notes">,
  actions: readonly Action[],
): Actions {
  const byName = new Map(actions.map((action) => [action.name.slice(name.length + 1), action]));
  const noAction = defineCommand({
    name,
    about,
    usage: actions.map(({ usage }) => usage).join("\n  "),
    positionals: z.never(`name what to do: ${[...byName.keys()].join(", ")}`),
    options: {},
    notes: `
Each has a --help of its own, and --json. ${notes}
Ends with 0; with 1 where it failed.`,
    run: async () => 1,
  });
  return {
    name,
    about,
    parts: [noAction, ...actions],
    run([first = "", ...args], env) {
      const action = byName.get(first);
      return action === undefined ? noAction.run(first === "" ? args : [first, ...args], env) : action.run(args, env);
    },
  };
}
