import { describe, expect, test } from "bun:test";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dirForFile, forFile } from "testing/for-file";
import { findOrAnnounce } from "testing/installed";
import { startPath } from "../system/test/path-under-test.ts";
import { compileCsharp, compileLauncher, findMono } from "./compile-csharp.ts";
import { CSHARP, readClasses, readMethods, readRoutes, readSources } from "./csharp-sources.ts";
import { unityMetas } from "./unity-metas.ts";

const ROOT = join(import.meta.dir, "../..");
const mono = findMono();
const dir = await dirForFile();
const path = await forFile(startPath({ passwordsRequired: false }));
const read = (file: string) => readFile(join(CSHARP, file), "utf8");
const readme = await read("README.md");
const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };

test("each file and folder has the meta without which Unity ignores it", async () => {
  const metas = await unityMetas();
  const files = await readdir(CSHARP, { recursive: true });
  expect(files.filter((file) => file.endsWith(".meta")).toSorted()).toEqual([...metas.keys()].toSorted());
  for (const [file, text] of metas) expect([file, await read(file)]).toEqual([file, text]);
  const guids = [...metas.values()].map((text) => /guid: (\w{32})\n/.exec(text)?.[1]);
  expect(new Set(guids).size).toBe(metas.size);
});

test("the package has the version and the license of the project", async () => {
  expect(JSON.parse(await read("package.json"))).toMatchObject({ version, license: "MIT" });
  expect(await read("Leaderboard.Client.csproj")).toInclude(`<Version>${version}</Version>`);
  expect(readme).not.toInclude(version);
  expect(await read("LICENSE.md")).toBe(await readFile(join(ROOT, "LICENSE"), "utf8"));
});

test("the tarball for Unity has each file and its meta, and no test", async () => {
  const pack = Bun.spawn([process.execPath, "pm", "pack", "--quiet", "--destination", dir], { cwd: CSHARP });
  expect(await pack.exited).toBe(0);
  const tarball = join(dir, `com.leaderboard.client-${version}.tgz`);
  const packed = (await Bun.$`tar -tf ${tarball}`.text())
    .trim()
    .split("\n")
    .map((file) => file.replace("package/", ""));
  const metas = [...(await unityMetas()).keys()];
  // A tarball lists no folders.
  const files = metas.map((meta) => meta.slice(0, -5)).filter((file) => /\.\w+$/.test(file));
  expect(packed.toSorted()).toEqual([...metas, ...files].toSorted());
});

const npm = findOrAnnounce("npm", "the release's tarball for Unity was not packed");

test.skipIf(npm === undefined)(
  "a release has the tarball that the README names",
  async () => {
    const workflow = await readFile(join(ROOT, ".github/workflows/release.yml"), "utf8");
    const [, command = ""] =
      /- name: pack the client for Unity\n +#.+\n +run: \|\n((?: {10}.+\n)+)/.exec(workflow) ?? [];
    const release = join(dir, "release");
    await mkdir(join(release, "out"), { recursive: true });
    await cp(CSHARP, join(release, "shared/client-csharp"), { recursive: true });
    const { errors, status } = await run(["bash", "-e", "-c", `cd ${release}\n${command}`]);
    expect([status, status === 0 ? "" : errors]).toEqual([0, ""]);
    const packed = await readdir(join(release, "out"));
    expect(packed).toHaveLength(1);
    expect(readme).toInclude(`\`${packed[0]}\``);
  },
  60_000,
);

test("the README has each method of the client with its route", async () => {
  const sources = await readSources();
  const routes = new Map(readRoutes(sources, readClasses(sources)).map(({ name, route }) => [name, route]));
  const others: Record<string, string | undefined> = { RefreshAsync: "POST /auth/refresh", Pages: "GET /top" };
  const methods = readMethods(sources);
  expect(methods.length).toBeGreaterThan(25);
  const [, section = ""] = /## All methods\n([\s\S]+)/.exec(readme) ?? [];
  const table = section.replaceAll(/:\w+/g, "{}");
  const missing = methods.flatMap(({ name, takes }) => {
    const route = routes.get(name) ?? others[name];
    // Some methods call no route.
    const row = route === undefined ? `\`${name}` : `| \`${route}\` | \`${name}(${takes})\``;
    return table.includes(row) ? [] : [row];
  });
  expect(missing).toEqual([]);
  expect(section.match(/^\| `/gm)).toHaveLength(
    methods.filter(({ name }) => routes.has(name) || name in others).length,
  );
});

test("the README names the packages of Debian that the tests install", async () => {
  const setup = await readFile(join(ROOT, "infra/setup-tests.sh"), "utf8");
  const [, line = ""] = /^(.+) # For the C# client/m.exec(setup) ?? [];
  const packages = [...line.matchAll(/:(\S+)/g)].map(([, name]) => name);
  expect(packages).toContain("mono-mcs");
  expect(readme).toInclude(`    apt install ${packages.join(" ")}\n`);
});

test("the package needs no other package, neither from Unity nor from NuGet", async () => {
  expect(JSON.parse(await read("package.json"))).not.toHaveProperty("dependencies");
  expect(JSON.parse(await read("Runtime/Leaderboard.Client.asmdef"))).toMatchObject({ references: [] });
  const project = await read("Leaderboard.Client.csproj");
  expect(project).toInclude("<TargetFramework>netstandard2.0</TargetFramework>");
  expect(project).not.toInclude("PackageReference");
});

/**
 * An example as a whole program. One with a public class is a script of Unity, and runs on a
 * stand-in.
 */
function toProgram(code: string): string {
  if (code.includes("static void Main") || code.includes("public class")) return code;
  const usings = [...code.matchAll(/^using \w+;$/gm)].join("\n");
  const body = code.replaceAll(/^using \w+;$/gm, "");
  return `${usings}
static class Example
{
    static void Main() { Run().GetAwaiter().GetResult(); }
    static async System.Threading.Tasks.Task Run()
    {
${body}
    }
}
`;
}

async function run(words: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn(words, { cwd: dir, env: { ...process.env, ...env }, stdout: "pipe", stderr: "pipe" });
  const [output, errors, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { output, errors, status };
}

describe.skipIf(mono === undefined)("with Mono", () => {
  const library = join(dir, "Leaderboard.Client.dll");

  test("the sources compile as C# 7 without a warning, and every public member has a description", async () => {
    await compileCsharp([join(CSHARP, "Runtime")], library, [`-doc:${join(dir, "Leaderboard.Client.xml")}`]);
    const text = await readFile(join(dir, "Leaderboard.Client.xml"), "utf8");
    expect(text).toInclude("M:LeaderboardApi.LeaderboardClient.SubmitScoreAsync(");
  }, 60_000);

  test("the examples of the README compile and run, in their order", async () => {
    const token = await path.ranker.tokens.issueOperator({ name: "server" }, 60);
    const launch = await compileLauncher(dir);
    const outputs: string[] = [];
    for (const [index, [, code = ""]] of [...readme.matchAll(/```cs\n([\s\S]+?)```/g)].entries()) {
      const source = join(dir, `Example${index}.cs`);
      await writeFile(
        source,
        toProgram(code).replace("http://127.0.0.1:4000", `http://127.0.0.1:${path.ports.gateway}`),
      );
      const engine = code.includes("using UnityEngine") ? [join(CSHARP, "Tests~/Engine")] : [];
      const program = join(dir, `Example${index}.exe`);
      await compileCsharp([source, ...engine], program, [`-r:${library}`]);
      const { output, errors, status } = await run([...launch, program], { LEADERBOARD_TOKEN: token });
      expect([index, errors, status]).toEqual([index, "", 0]);
      outputs.push(output);
    }
    expect(outputs).toEqual([
      "Ada is 1 with 120\n",
      expect.stringMatching(/^Guest \d+ is 2\n$/),
      "",
      expect.stringMatching(/^404 .*nobody.* \(.+\)\n$/),
      expect.stringMatching(/^1\. Ada 120\n2\. Guest/),
      expect.stringMatching(/^3 of 3\n1\. Ada, 2 beside\n1\. Ada, 1 of all\n2\. bob, 3 of all\n$/),
    ]);
  }, 120_000);

  test("the README's command compiles a game together with the sources", async () => {
    const [, command = ""] = /^ {4}(mcs .+)$/m.exec(readme) ?? [];
    const [, code = ""] = /```cs\n([\s\S]+?)```/.exec(readme) ?? [];
    await writeFile(join(dir, "Game.cs"), toProgram(code));
    const compile = command.replace("leaderboard/shared/client-csharp", CSHARP);
    expect(await run(["sh", "-c", compile])).toMatchObject({ errors: "", status: 0 });
    expect(await Bun.file(join(dir, "Game.exe")).exists()).toBe(true);
  }, 60_000);
});
