import { describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { forFile } from "testing/for-file";
import { announceSkipped, installed } from "testing/installed";
import { scratchStores } from "testing/scratch";
import { JWT_SECRET } from "testing/services/service-under-test";

/**
 * Follows a Containerfile without a container engine: a stage is a folder, in which the test
 * performs COPY and RUN and starts ENTRYPOINT and CMD. A file that the Containerfile does not copy
 * is missing here, too.
 */

const root = join(import.meta.dir, "../../..");
const hadolint = installed("hadolint");
if (hadolint === undefined) announceSkipped("hadolint is not installed, so no Containerfile was linted");

interface Image {
  dir: string;
  env: Record<string, string>;
  labels: Record<string, string>;
  user: string;
  entrypoint: string[];
  command: string[];
  healthcheck: string[];
}

async function build(name: string, into: string): Promise<Image> {
  const text = (await Bun.file(join(import.meta.dir, `${name}.Containerfile`)).text()).replaceAll(/\\\n\s*/g, "");
  const stages = new Map<string, string>();
  const image: Image = { dir: "", env: {}, labels: {}, user: "root", entrypoint: [], command: [], healthcheck: [] };
  for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
    const [, instruction = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    switch (instruction) {
      case "FROM": {
        const name = / AS (\w+)$/.exec(rest)?.[1] ?? "final";
        image.dir = join(into, name);
        stages.set(name, image.dir);
        await mkdir(image.dir);
        break;
      }
      case "COPY":
        await copy(rest, image.dir, stages);
        break;
      case "RUN": {
        const run = Bun.spawn(["sh", "-c", rest.replace(/^bun /, `${process.execPath} `)], {
          cwd: image.dir,
          stderr: "pipe",
        });
        if ((await run.exited) !== 0) throw new Error(`${line}\n${await new Response(run.stderr).text()}`);
        break;
      }
      case "ENV":
        for (const pair of rest.split(" ")) image.env[pair.split("=")[0] ?? ""] = pair.split("=")[1] ?? "";
        break;
      case "USER":
        image.user = rest;
        break;
      case "CMD":
        image.command = JSON.parse(rest);
        break;
      case "ENTRYPOINT":
        image.entrypoint = JSON.parse(rest);
        break;
      case "HEALTHCHECK":
        image.healthcheck = rest === "NONE" ? [] : JSON.parse(rest.replace(/^.*? CMD /, ""));
        break;
      case "LABEL":
        for (const [, label = "", value = ""] of rest.matchAll(/([\w.]+)="([^"]*)"/g)) image.labels[label] = value;
        break;
      case "ARG":
      case "WORKDIR":
      case "EXPOSE":
        break;
      default:
        throw new Error(`this test does not know ${line}`);
    }
  }
  return image;
}

async function copy(rest: string, dir: string, stages: Map<string, string>): Promise<void> {
  const [, stage, paths = ""] = /^(?:--from=(\w+) )?(.*)$/.exec(rest) ?? [];
  const sources = paths.split(" ");
  const target = join(dir, sources.pop() ?? "");
  for (const source of sources) {
    const from =
      stage === undefined ? join(root, source) : join(stages.get(stage) ?? "", source.replace(/^\/app\//, ""));
    const isFolder = source.endsWith("/") || stage !== undefined;
    const to = isFolder ? target : join(target, source.split("/").at(-1) ?? "");
    await mkdir(dirname(to), { recursive: true });
    await cp(from, to, { recursive: true, verbatimSymlinks: true, filter: isInContext });
  }
}

/** Follows `.dockerignore`. */
const isInContext = (path: string) => !/(\.test|-under-test)\.ts$/.test(path);

const stores = await forFile(scratchStores());

const NAMES = ["gateway", "ranker", "drainer", "lb"] as const;

test("there is one image for each service, and one for the commands", async () => {
  const files = [...new Bun.Glob("*.Containerfile").scanSync(import.meta.dir)];
  expect(files.sort()).toEqual(NAMES.map((name) => `${name}.Containerfile`).sort());
});

test.skipIf(hadolint === undefined).each(NAMES)("hadolint finds nothing in that of %s", (name) => {
  const file = join(import.meta.dir, `${name}.Containerfile`);
  const { exitCode, stdout } = Bun.spawnSync([hadolint ?? "", "--no-color", file]);
  expect([stdout.toString(), exitCode]).toEqual(["", 0]);
});

/** @param use is given the image, whose folder is removed afterwards */
async function withImage(name: string, use: (image: Image) => Promise<void>): Promise<void> {
  const into = await mkdtemp(join(tmpdir(), "leaderboard-image-"));
  try {
    const image = await build(name, into);
    expect([image.user, image.env.NODE_ENV]).toEqual(["1000:1000", "production"]);
    expect(image.labels).toMatchObject({
      "org.opencontainers.image.title": `leaderboard-${name}`,
      "org.opencontainers.image.licenses": "MIT",
      "org.opencontainers.image.version": "$VERSION",
      "org.opencontainers.image.revision": "$REVISION",
    });
    // Built once for all architectures.
    expect([...new Bun.Glob("**/*.node").scanSync({ cwd: image.dir, dot: true })]).toEqual([]);
    await use(image);
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

describe.each(["gateway", "ranker", "drainer"])("the image of the %s", (name) => {
  test("holds every file it needs, runs without root, and its health check tells up from down", async () => {
    const ranker = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    await withImage(name, async (image) => {
      const port = await freePort();
      const env = {
        PATH: process.env.PATH ?? "",
        JWT_SECRET,
        ...image.env,
        HOST: "127.0.0.1",
        PORT: String(port),
        ...stores.env,
        LEADERBOARD_SERVICE_URLS: `http://127.0.0.1:${ranker.port}`,
      };
      const [, ...args] = image.command;
      const service = await launch({
        command: process.execPath,
        args,
        port,
        readyWhen: `http://127.0.0.1:${port}/ready`,
        stopSignal: "SIGTERM",
        spawn: { cwd: image.dir, env },
      });
      const check = () =>
        Bun.spawn([process.execPath, ...image.healthcheck.slice(1)], { env, stderr: "ignore" }).exited;
      expect(await check()).toBe(0);
      await service.stop();
      expect(await service.exited).toBe(0);
      expect(await check()).not.toBe(0);
    }).finally(() => ranker.stop(true));
  }, 60_000);
});

test("the image of the commands runs each of them on the stores of its environment", async () => {
  await withImage("lb", async ({ dir, entrypoint, command, env }) => {
    const run = async (...args: string[]) => {
      const [, file = ""] = entrypoint;
      const child = Bun.spawn([process.execPath, file.replace(/^\/app/, dir), ...args], {
        cwd: dir,
        env: { PATH: process.env.PATH, ...env, ...stores.env, JWT_SECRET },
        stderr: "pipe",
      });
      const [out, faults, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return { out, code, faults };
    };
    const help = await run(...command);
    expect(help).toMatchObject({ code: 0, faults: "" });
    for (const name of ["queue", "top"]) expect(help.out).toInclude(name);
    for (const args of [
      ["queue", "--json"],
      ["reconcile", "--json"],
      ["restore", "--json"],
    ]) {
      expect(await run(...args)).toMatchObject({ code: 0 });
    }
    expect(await run("token", "make", "shop", "--role", "reader")).toMatchObject({ code: 0 });
  });
}, 60_000);
