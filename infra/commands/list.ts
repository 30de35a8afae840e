import type { Environment } from "shared/service/config";

/** Runs with the arguments that follow the command's name. @returns the exit code @throws ConfigError, Error: then it is 1 */
export type Command = (args: string[], env: Environment) => Promise<number>;

/** Each is loaded when it is asked for: a list of players needs no database. */
export const COMMANDS = {
  demo: {
    about: "registers players and plays scores for a while",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  top: { about: "prints a board's best", load: async () => (await import("./top.ts")).topCommand },
  token: { about: "issues an operator's token", load: async () => (await import("./token.ts")).tokenCommand },
  queue: {
    about: "shows what waits for PostgreSQL and what it refused; retries or drops that",
    load: async () => (await import("../../drainer/src/queues/queue-command.ts")).queueCommand,
  },
  reconcile: {
    about: "compares Redis with PostgreSQL, and repairs",
    load: async () => (await import("../../drainer/src/reconcile/reconcile-command.ts")).reconcileCommand,
  },
  repartition: {
    about: "moves all entries to another number of partitions",
    load: async () => (await import("../../drainer/src/repartition/repartition-command.ts")).repartitionCommand,
  },
  restore: {
    about: "rebuilds Redis from PostgreSQL",
    load: async () => (await import("../../drainer/src/restore/restore-command.ts")).restoreCommand,
  },
  export: { about: "writes a board to a file", load: async () => (await import("./export.ts")).exportCommand },
  import: { about: "reads a board from a file", load: async () => (await import("./import.ts")).importCommand },
} satisfies Record<string, { about: string; load: () => Promise<Command> }>;
export type CommandName = keyof typeof COMMANDS;

const lines = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(11)} ${about}\n`);

export const HELP = `What is done beside the running services: on the embedded stack where it has been run, and otherwise on the stores
that the environment or .env names.

  bun run lb <command> [options]

${lines.join("")}
Each has --help and --json. All end with 0 when all is well, with 2 when they did what they could and something is left,
and with 1 when they failed; results go to standard output, progress and faults to standard error.
`;
