import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

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

const HELP = `Puts a load on a running leaderboard, with k6 (https://k6.io), and holds it to thresholds.

  bun run load <scenario> [-- k6 options]

Scenarios: ${scenarios.join(" ")}
Environment: URL=http://127.0.0.1:4000 RATE= DURATION= PLAYERS=500 REGIONS=GLOBAL,ASIA,EU,NA PASSWORD=
SUMMARY=k6/results/<scenario>.json. What each scenario does, and what was measured: k6/README.md.
`;

function run([scenario = "", ...rest]: string[]): void {
  if (scenario === "--help" || scenario === "-h") {
    process.stdout.write(HELP);
    return;
  }
  if (!scenarios.includes(scenario)) end(`${HELP}\nThere is no scenario "${scenario}".\n`);
  const k6 = findK6();
  if (k6 === undefined) end(HOW_TO_GET_K6);
  mkdirSync(join(folder, "results"), { recursive: true });
  const options = rest[0] === "--" ? rest.slice(1) : rest;
  const child = spawn(k6, ["run", ...options, `k6/${scenario}.ts`], { cwd: root, stdio: "inherit" });
  // k6 ends its run, and tells of it, by the same signal from the terminal.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.once("exit", (code) => process.exit(code ?? 1));
}

function end(message: string): never {
  process.stderr.write(message);
  process.exit(1);
}

if (import.meta.main) run(process.argv.slice(2));
