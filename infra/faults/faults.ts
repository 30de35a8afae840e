import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineCommand, flag } from "shared/command/define-command";
import { main } from "shared/command/main";
import { z } from "zod";
import { formatReport, REPORT_VARIABLE, readReport } from "./report.ts";

const faultsCommand = defineCommand({
  name: "test:faults",
  about: "Breaks a deployment of real processes under load, and checks that no acknowledged write is lost or doubled.",
  usage: "npm run test:faults -- [options] [files]",
  positionals: z.array(z.string()),
  options: { short: flag("each fault fewer times, as npm test does") },
  notes: "Environment: SOAK_MINUTES=3, SOAK_KILL_EVERY_MS=2000, SOAK_PAUSE_MS=4",
  async run({ options, positionals, env }) {
    const dir = mkdtempSync(join(tmpdir(), "leaderboard-faults-"));
    const report = join(dir, "report.ndjson");
    writeFileSync(report, "");
    const files = positionals.length > 0 ? positionals : ["infra/faults"];
    const child = Bun.spawn([process.execPath, "test", "--timeout", "30000", ...files], {
      cwd: join(import.meta.dir, "../.."),
      env: { ...env, FAULTS: options.short ? "short" : "full", [REPORT_VARIABLE]: report },
      stdio: ["ignore", "inherit", "inherit"],
    });
    // A Ctrl-C reaches the tests as well; they stop their servers, and this process waits for them.
    process.on("SIGINT", () => {});
    const code = await child.exited;
    process.stdout.write(`\n${formatReport(readReport(report))}\n`);
    rmSync(dir, { recursive: true });
    return code;
  },
});

await main(() => faultsCommand.run(process.argv.slice(2), process.env), "test:faults");
