import { beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { build } from "esbuild";
import { createClient } from "leaderboard-client";
import { publint } from "publint";
import { dirForFile, forFile } from "testing/for-file";
import { startPath } from "../system/test/path-under-test.ts";
import { packClient } from "./pack-client.ts";

const ROOT = join(import.meta.dir, "../..");
const path = await forFile(startPath({ passwordsRequired: false }));
const url = `http://127.0.0.1:${path.ports.gateway}`;
const dir = await dirForFile();
const app = join(dir, "app");
let tarball = "";

/** Commands by name; those that are missing are left out. infra/setup-tests.sh installs Node. */
const nodeOf = (major: number) => join(ROOT, `.data/tools/nodes/${major}/node_modules/node/bin/node`);
const found = await Promise.all(
  [20, 22, 24].map(async (major) => ({
    name: `Node ${major}`,
    command: (await Bun.file(nodeOf(major)).exists()) ? nodeOf(major) : null,
  })),
);
const runtimes = [
  ...found,
  { name: "the Node of the system", command: Bun.which("node") },
  { name: "Bun", command: process.execPath },
];

async function run(words: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn(words, { cwd: app, env: { ...process.env, ...env }, stdout: "pipe", stderr: "pipe" });
  const [output, errors, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { output, errors, status };
}

beforeAll(async () => {
  tarball = await packClient(join(dir, "packed"));
  await mkdir(app, { recursive: true });
  await writeFile(join(app, "package.json"), '{ "name": "app", "private": true, "type": "module" }');
  // From a file and without dependencies: it needs no registry.
  const { status, errors } = await run([process.execPath, "add", tarball]);
  expect([status, errors]).toEqual([0, expect.any(String)]);
}, 60_000);

const readme = await readFile(join(ROOT, "shared/client/README.md"), "utf8");
const examples = [...readme.matchAll(/```ts\n([\s\S]+?)```/g)].map(([, code = ""]) => code);

const methodsOf = (text: string) => text.slice(text.indexOf("## All methods"), text.indexOf("## Errors"));

describe("the tarball", () => {
  test("has no fault that publint finds", async () => {
    const data = await Bun.file(tarball).arrayBuffer();
    const { messages } = await publint({ pack: { tarball: data }, strict: true });
    expect(messages).toEqual([]);
  });

  test("has types that every way to resolve them finds, as ESM alone", async () => {
    const checked = await checkPackage(createPackageFromTarballData(await Bun.file(tarball).bytes()));
    const problems = checked.types === false ? ["no types"] : checked.problems;
    // `require` of it works from Node 20.19 on. A copy as CommonJS would be a second error class.
    expect(problems.filter((problem) => typeof problem === "string" || problem.kind !== "CJSResolvesToESM")).toEqual(
      [],
    );
  });

  test("has the version of the project, and is not private", async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
    const manifest = JSON.parse(await readFile(join(app, "node_modules/leaderboard-client/package.json"), "utf8"));
    expect([manifest.version, manifest.private]).toEqual([version, undefined]);
  });

  test("names no other package, and carries the README and the license", async () => {
    const files = await Array.fromAsync(new Bun.Glob("**/*").scan(join(app, "node_modules/leaderboard-client")));
    expect(files).toEqual(expect.arrayContaining(["README.md", "LICENSE", "package.json"]));
    const modules = files.filter((file) => /\.(js|ts)$/.test(file));
    expect(modules.length).toBeGreaterThan(20);
    for (const file of modules) {
      const text = await readFile(join(app, "node_modules/leaderboard-client", file), "utf8");
      expect([file, text.match(/\bfrom "[^.].*"|\bimport\("[^.].*"\)|\bBun\b|\.ts"/g)]).toEqual([file, null]);
    }
    expect(new Bun.Glob("**/*.test.*").scanSync(join(app, "node_modules/leaderboard-client")).next().done).toBe(true);
  });
});

test("the README names every method", async () => {
  const methods = Object.keys(createClient({ url }));
  expect(methods.filter((method) => !new RegExp(`\\b${method}\\b`).test(methodsOf(readme)))).toEqual([]);
});

test("the README and the examples name the tarball", async () => {
  const files = ["shared/client/README.md", ...new Bun.Glob("examples/*/package.json").scanSync(ROOT)];
  expect(files).toHaveLength(5);
  for (const file of files) {
    const [name] = /leaderboard-client[^/"\s]*\.tgz/.exec(await readFile(join(ROOT, file), "utf8")) ?? [];
    expect([file, name]).toEqual([file, basename(tarball)]);
  }
});

describe("in a project that has nothing else", () => {
  test.each(["nodenext", "bundler"])("the examples of its README pass tsc --strict with %s", async (resolution) => {
    await Promise.all(
      [...examples, MISTAKES].map((code, index) => writeFile(join(app, `example-${index}.ts`), `${PROCESS}${code}`)),
    );
    const module = resolution === "nodenext" ? "nodenext" : "esnext";
    const options = [
      "--strict",
      "--exactOptionalPropertyTypes",
      "--noEmit",
      "--target",
      "es2022",
      "--module",
      module,
      "--moduleResolution",
      resolution,
    ];
    const files = [...examples, MISTAKES].map((_, index) => `example-${index}.ts`);
    const tsc = join(ROOT, "node_modules/.bin/tsc");
    expect(await run([tsc, ...options, "--types", "", ...files])).toMatchObject({ output: "", status: 0 });
  });

  test("a bundle for browsers has what the app uses alone, and less than 10 KB", async () => {
    const bundle = async (contents: string) => {
      const { outputFiles, warnings } = await build({
        stdin: { contents, resolveDir: app },
        bundle: true,
        minify: true,
        write: false,
        format: "esm",
        platform: "browser",
        target: ["chrome100", "firefox100", "safari15"],
      });
      expect(warnings).toEqual([]);
      return outputFiles[0]?.contents.byteLength ?? 0;
    };
    const all = await bundle('export * from "leaderboard-client";');
    expect(all).toBeLessThan(10_000);
    expect(await bundle('import { applyChanges } from "leaderboard-client"; console.log(applyChanges);')).toBeLessThan(
      700,
    );
    expect(await bundle('import { createClient } from "leaderboard-client"; export const none = 0;')).toBeLessThan(50);
  });

  for (const { name, command } of runtimes) {
    test.skipIf(command === null)(
      `${name} writes, reads, decodes a refusal and follows a board`,
      async () => {
        await writeFile(join(app, "run.mjs"), RUN);
        const id = name.replaceAll(" ", "-").toLowerCase();
        const { output, errors, status } = await run([command ?? "", "run.mjs"], { URL_OF_GATEWAY: url, ID: id });
        expect([errors, status]).toEqual(["", 0]);
        expect(JSON.parse(output)).toEqual({
          score: 2 ** 53 - 1,
          code: "not_ranked",
          field: "limit",
          events: ["snapshot"],
        });
      },
      30_000,
    );
  }

  test("the examples of its README run", async () => {
    const token = await path.ranker.tokens.issueOperator({ name: "server" }, 60);
    for (const [index, code] of examples.entries()) {
      await writeFile(join(app, `readme-${index}.mts`), code.replace("http://127.0.0.1:4000", url));
      const { errors, status } = await run([process.execPath, `readme-${index}.mts`], { LEADERBOARD_TOKEN: token });
      expect([index, errors, status]).toEqual([index, "", 0]);
    }
  }, 60_000);
});

const PROCESS = "declare const process: { env: Record<string, string | undefined> };\n";
const MISTAKES = `import { createClient, type TopView } from "leaderboard-client";
const client = createClient({ url: "http://127.0.0.1:4000" });
// @ts-expect-error a score is a number
client.submitScore({ score: "5" });
// @ts-expect-error there is no such field
client.top({ limits: 5 });
const top: TopView = await client.top();
// @ts-expect-error a rank may be null
const rank: number = top.entries[0]!.rank;
export { rank };
`;
const RUN = `import { createClient, LeaderboardError } from "leaderboard-client";
const client = createClient({ url: process.env.URL_OF_GATEWAY });
const user_id = process.env.ID;
const { token } = await client.register({ user_id, name: "Ada", region: "EU" });
const { score } = await client.as(token).submitScore({ score: 2 ** 53 - 1 });
const refusal = (call) => call.then(() => { throw new Error("no refusal"); }, (error) => {
  if (!(error instanceof LeaderboardError)) throw error;
  return error;
});
const { code } = await refusal(client.rank("nobody"));
const { errors } = await refusal(client.top({ limit: 0 }));
const events = [];
for await (const { event, data } of client.live({ region: "EU" })) {
  events.push(event);
  if (!data.entries.some((entry) => entry.user_id === user_id)) throw new Error("not in the snapshot");
  break;
}
process.stdout.write(JSON.stringify({ score, code, field: errors[0].field, events }));
`;
