import { describe, expect, test } from "bun:test";
import { basename, join } from "node:path";
import { dirForFile } from "testing/for-file";
import { announceSkipped, installed } from "testing/installed";
import { listFiles, ROOT } from "./list-files.ts";

const actionlint = installed("actionlint");
if (actionlint === undefined) announceSkipped("actionlint is not installed, so no workflow was linted");

interface Step {
  run?: string;
  uses?: string;
}

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { steps?: Step[]; needs?: string | string[]; strategy?: { matrix: { image: string[] } } }>;
}

const files = listFiles(".github/workflows/*.yml");
const textOf = (file: string) => Bun.file(join(ROOT, file)).text();
const readWorkflow = async (file: string) => Bun.YAML.parse(await textOf(file)) as Workflow;
const images = listFiles("infra/deploy/images/*.Containerfile").map((file) => basename(file, ".Containerfile"));

describe.each(files)("%s", (file) => {
  test.skipIf(actionlint === undefined)("passes actionlint", () => {
    const { exitCode, stdout } = Bun.spawnSync([actionlint ?? "", "-no-color", join(ROOT, file)]);
    expect([stdout.toString(), exitCode]).toEqual(["", 0]);
  });

  test("names each action by its commit, and may only read unless a job says more", async () => {
    const uses = [...(await textOf(file)).matchAll(/uses: (.*)$/gm)].map(([, used = ""]) => used);
    const isPinned = (used: string) => used.startsWith("./") || /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(used);
    expect(uses.filter((used) => !isPinned(used))).toEqual([]);
    expect((await readWorkflow(file)).permissions).toEqual({ contents: "read" });
  });

  test("runs only scripts that the project has", async () => {
    const { scripts } = JSON.parse(await textOf("package.json")) as { scripts: Record<string, string> };
    const run = [...(await textOf(file)).matchAll(/npm run (\S+)/g)].map(([, script = ""]) => script);
    expect(run.filter((script) => !(script in scripts))).toEqual([]);
  });
});

describe("a release", async () => {
  const dir = await dirForFile();
  const { jobs } = await readWorkflow(".github/workflows/release.yml");
  const runOf = (job: string) => jobs[job]?.steps?.map(({ run = "" }) => run).join("\n") ?? "";

  test("builds every image for both architectures, with a list of what it contains", () => {
    expect(jobs.images?.strategy?.matrix.image.toSorted()).toEqual(images.toSorted());
    expect(runOf("images")).toInclude("--platform linux/amd64,linux/arm64 --sbom=true");
    expect(runOf("release")).toInclude(`for image in ${jobs.images?.strategy?.matrix.image.join(" ")}; do`);
  });

  test("publishes nothing before the tests have passed and the tag is the version", () => {
    expect([jobs.images?.needs, jobs.client?.needs]).toEqual([
      ["version", "tests"],
      ["version", "tests"],
    ]);
    expect(jobs.release?.needs).toEqual(["version", "images", "client"]);
  });

  test("links the alerts of its chart to its own documents", async () => {
    const alerts = await textOf("infra/deploy/prometheus/alerts.yml");
    const [, from = "", to] = /sed -i "s\|(.*?)\|(.*?)\|"/.exec(runOf("release")) ?? [];
    expect(to).toBe("$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/blob/$TAG/");
    const links = alerts.match(/(?<=runbook_url: )\S+/g) ?? [];
    expect(links.filter((link) => !link.startsWith(`${from}docs/operate.md#`))).toEqual([]);
  });

  test.each([
    ["v0.1.0", "0.1.0", 0],
    ["v0.1.1", "0.1.0", 1],
    ["v7.0.0", "7.0.0", 1], // which the changelog does not have
  ])("of the tag %s where the version is %s ends its check with %d", async (tag, version, code) => {
    const script = runOf("version").replace("node -p 'require(\"./package.json\").version'", `echo ${version}`);
    const output = join(dir, tag);
    const child = Bun.spawnSync(["bash", "-e", "-c", script], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, TAG: tag, OWNER: "Games", GITHUB_OUTPUT: output },
    });
    expect(child.exitCode).toBe(code);
    if (code === 0) expect(await Bun.file(output).text()).toBe(`version=${version}\nregistry=ghcr.io/games\n`);
  });

  test("has its version in the root package.json alone", async () => {
    const { workspaces } = JSON.parse(await textOf("package.json")) as { workspaces: string[] };
    for (const workspace of workspaces) {
      const manifest = JSON.parse(await textOf(`${workspace}/package.json`)) as { version?: string };
      expect([workspace, manifest.version]).toEqual([workspace, undefined]);
    }
  });
});
