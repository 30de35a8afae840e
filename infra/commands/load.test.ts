import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { findK6, scenarios } from "./load.ts";

const root = join(import.meta.dir, "../..");
const k6 = findK6();
if (k6 === undefined) process.stderr.write("SKIPPED: k6 is not installed, so the scenarios of k6/ were not loaded\n");

const load = (args: string[], env: Record<string, string>) => {
  const file = join(import.meta.dir, "load.ts");
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, file, ...args], { env });
  return { exitCode, stdout: String(stdout), stderr: String(stderr) };
};

test("each file of k6/ that exports options is a scenario, and k6/README.md explains it", async () => {
  expect(scenarios.toSorted()).toEqual(["match", "mixed", "read", "smoke", "soak", "spike", "submit"]);
  const text = await Bun.file(join(root, "k6/README.md")).text();
  for (const scenario of scenarios) expect(text).toContain(`| \`${scenario}\` |`);
});

test("without k6 the command says how to install it", () => {
  expect(load(["smoke"], { PATH: "/nonexistent" })).toMatchObject({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringContaining("go install go.k6.io/k6@latest"),
  });
});

test("an unknown scenario is named, beside those that exist", () => {
  const { exitCode, stderr } = load(["nosuch"], { PATH: "/nonexistent" });
  expect([exitCode, stderr.includes("no scenario nosuch"), stderr.includes("spike")]).toEqual([1, true, true]);
});

describe.skipIf(k6 === undefined)("k6", () => {
  test.each(scenarios)("accepts %s, which has an arrival rate, thresholds and a summary", (scenario) => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([k6 ?? "", "inspect", `k6/${scenario}.ts`], { cwd: root });
    expect({ exitCode, stderr: String(stderr) }).toEqual({ exitCode: 0, stderr: "" });
    const options = JSON.parse(String(stdout)) as {
      scenarios: Record<string, { executor: string }>;
      thresholds: Record<string, unknown>;
    };
    expect(options.scenarios[scenario]?.executor).toEndWith("-arrival-rate");
    for (const name of ["checks", "http_req_failed", "dropped_iterations"])
      expect(options.thresholds).toHaveProperty(name);
  });
});
