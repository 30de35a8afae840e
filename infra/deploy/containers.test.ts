import { describe, expect, test } from "bun:test";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { launch } from "stack/engine";
import { freePort } from "stack/free-port";
import { forFile } from "testing/for-file";
import { scratchStores } from "testing/scratch";
import { JWT_SECRET } from "testing/services/service-under-test";

/**
 * Follows a service's Dockerfile without Docker: a stage is a folder, in which the test performs
 * COPY and RUN and starts CMD. A file that the Dockerfile does not copy is missing here, too.
 */

const root = join(import.meta.dir, "../..");

interface Image {
  dir: string;
  env: Record<string, string>;
  user: string;
  command: string[];
  healthcheck: string[];
}

async function build(dockerfile: string, into: string): Promise<Image> {
  const text = (await Bun.file(join(root, dockerfile)).text()).replaceAll(/\\\n\s*/g, "");
  const stages = new Map<string, string>();
  const image: Image = { dir: "", env: {}, user: "root", command: [], healthcheck: [] };
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
      case "HEALTHCHECK":
        image.healthcheck = JSON.parse(rest.replace(/^.*? CMD /, ""));
        break;
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

describe.each(["gateway", "ranker", "drainer"])("the image of the %s", (name) => {
  test("holds every file it needs, runs without root, and its health check tells up from down", async () => {
    const into = await mkdtemp(join(tmpdir(), "leaderboard-image-"));
    const ranker = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    try {
      const image = await build(`${name}/Dockerfile`, into);
      expect(image.user).toBe("bun");
      expect(image.env.NODE_ENV).toBe("production");
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
    } finally {
      await ranker.stop(true);
      await rm(into, { recursive: true, force: true });
    }
  }, 60_000);
});
