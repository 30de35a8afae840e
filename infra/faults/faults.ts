import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatReport, REPORT_VARIABLE, readReport } from "./report.ts";

const HELP = `Breaks a whole stack of real processes under load, and checks that nothing acknowledged is lost or doubled.

  bun run test:faults [-- options] [files]

  --short   each fault fewer times, as npm test does
  --help    shows this

Environment: SOAK_MINUTES=3
`;

const { values, positionals } = parseArgs({
  options: { short: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  allowPositionals: true,
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const dir = mkdtempSync(join(tmpdir(), "leaderboard-faults-"));
const report = join(dir, "report.ndjson");
writeFileSync(report, "");
const files = positionals.length > 0 ? positionals : ["infra/faults"];
const child = Bun.spawn([process.execPath, "test", "--timeout", "30000", ...files], {
  cwd: join(import.meta.dir, "../.."),
  env: { ...process.env, FAULTS: values.short ? "short" : "full", [REPORT_VARIABLE]: report },
  stdio: ["ignore", "inherit", "inherit"],
});
// Ctrl-C reaches the tests by themselves; they end their servers, and this waits for them.
process.on("SIGINT", () => {});
const code = await child.exited;
process.stdout.write(`\n${formatReport(readReport(report))}\n`);
rmSync(dir, { recursive: true });
process.exit(code);
