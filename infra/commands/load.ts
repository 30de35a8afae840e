import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { defineCommand } from "shared/command/define-command";
import { main } from "shared/command/main";
import { suggest } from "shared/command/suggest";
import { z } from "zod";
import { gatewayUrl } from "./connect/gateway-url.ts";

const root = join(import.meta.dir, "../..");
const folder = join(root, "k6");

const HOW_TO_GET_K6 = `k6 is not installed. One of:

  go install go.k6.io/k6@latest       (needs Go; some minutes)
  brew install k6
  https://grafana.com/docs/k6/latest/set-up/install-k6/
`;

/** The scenarios: files of `k6/` that export options. */
export const scenarios = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && /^export const options\b/m.test(readFileSync(join(folder, file), "utf8")))
  .map((file) => basename(file, ".ts"));

/** The path of k6: on the `PATH`, or where `go install` puts it. */
export function findK6(): string | undefined {
  const onPath = Bun.which("k6");
  if (onPath !== null) return onPath;
  const go = Bun.which("go");
  const gopath = go === null ? "" : spawnSync(go, ["env", "GOPATH"], { encoding: "utf8" }).stdout.trim();
  const installed = join(gopath, "bin", "k6");
  return gopath !== "" && existsSync(installed) ? installed : undefined;
}

function describeScenarios(typed: string): string {
  const near = suggest(typed, scenarios);
  return `there is no scenario ${typed}${near === "" ? `; there are ${scenarios.join(", ")}` : near}`;
}

const isScenarioFirst = (positionals: unknown) => Array.isArray(positionals) && scenarios.includes(positionals[0]);

const loadCommand = defineCommand({
  name: "load",
  about: "Puts a load on a running leaderboard, with k6 (https://k6.io), and checks thresholds.",
  usage: "npm run load -- <scenario> [k6 options]",
  positionals: z.custom<[scenario: string, ...k6Options: string[]]>(isScenarioFirst, {
    error: ({ input }) => describeScenarios((input as string[])[0] ?? ""),
  }),
  options: {},
  notes: `
Scenarios: ${scenarios.join(" ")}
Environment: URL= (the gateway; without it that of npm start) RATE= DURATION= PLAYERS=500 REGIONS=GLOBAL,ASIA,EU,NA PASSWORD= BOARD=main
BEST_BOARD= OPERATOR_TOKEN= (match) SUMMARY=k6/results/<scenario>.json. What each scenario does, and what was measured: k6/README.md.`,
  async run({ positionals: [scenario, ...k6Options] }) {
    const k6 = findK6();
    if (k6 === undefined) {
      process.stderr.write(HOW_TO_GET_K6);
      return 1;
    }
    mkdirSync(join(folder, "results"), { recursive: true });
    const child = spawn(k6, ["run", ...k6Options, `k6/${scenario}.ts`], {
      cwd: root,
      env: { ...process.env, URL: process.env.URL || gatewayUrl(process.env) },
      stdio: "inherit",
    });
    // A Ctrl-C reaches k6 as well, which then ends its run and prints the summary.
    process.on("SIGINT", () => {});
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
  },
});

if (import.meta.main) {
  const [scenario = "", ...rest] = process.argv.slice(2);
  const k6Options = rest[0] === "--" ? rest.slice(1) : rest; // npm takes the -- away, Bun does not
  await main(() => loadCommand.run([scenario, "--", ...k6Options], process.env), "load");
}
