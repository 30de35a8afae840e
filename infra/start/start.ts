import { defineCommand } from "shared/command/define-command";
import { main } from "shared/command/main";
import { readStackOptions } from "./check-environment.ts";
import { ROOT } from "./processes/members.ts";
import { runStack } from "./run-stack.ts";
import { DEFAULT_NGINX_PORT, DEFAULT_PORTS, STACK_FLAGS } from "./stack-options.ts";

const ports = Object.entries(DEFAULT_PORTS).map(([name, port]) => `${name}=${port}`);

const startCommand = defineCommand({
  name: "start",
  about: "Runs the whole leaderboard on this machine: Redis, PostgreSQL, two rankers, a drainer, a gateway.",
  usage: "npm start [-- options]",
  options: STACK_FLAGS,
  notes: `
Environment: ${ports.join(" ")} NGINX_PORT=${DEFAULT_NGINX_PORT} DATA_DIR=.data,
and the limits, PASSWORDS, QUEUE_MAX, REGIONS, BOARDS, LOG_LEVEL … of .env.example.`,
  async run({ options, env }) {
    await runStack(readStackOptions(options, env, ROOT), env);
    return 0;
  },
});

await main(() => startCommand.run(process.argv.slice(2), process.env), "start");
