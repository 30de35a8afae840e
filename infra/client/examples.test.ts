import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import type { Client } from "leaderboard-client";
import type { Page } from "playwright-core";
import { createTokens } from "shared/auth/tokens";
import { dirForFile } from "testing/for-file";
import { announceSkipped } from "testing/installed";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { chromiumPath, usePages } from "../system/test/browser-under-test.ts";
import { packClient } from "./pack-client.ts";

const ROOT = join(import.meta.dir, "../..");
const EXAMPLES = join(ROOT, "examples");
/** What the examples take beside the client; infra/setup-tests.sh installs it. */
const FRAMEWORKS = join(ROOT, ".data/tools/examples/node_modules");
const areFrameworksThere = await Bun.file(join(FRAMEWORKS, "phaser/package.json")).exists();
if (!areFrameworksThere) announceSkipped("React and Phaser are not installed, so two examples were not run");

const dir = await dirForFile();
const packed = join(dir, "packed");
let client: Client;
const enter = async (user_id: string, name: string, score: number) => {
  const { token } = await client.register({ user_id, name, region: "EU", password: "correct horse" });
  await client.as(token).setScore({ score });
  return client.as(token);
};
const pages = usePages({
  env: { CORS_ORIGINS: "*" },
  async fill(visitor) {
    client = visitor;
    await enter("ada", "Ada", 1_000);
    await enter("mallory", "<img src=x>", 500);
  },
});
let server: ReturnType<typeof Bun.serve> | undefined;

beforeAll(async () => {
  await packClient(packed);
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      const file = Bun.file(join(dir, pathname.endsWith("/") ? `${pathname}index.html` : pathname));
      return (await file.exists()) ? new Response(file) : new Response("none", { status: 404 });
    },
  });
}, 60_000);
afterAll(() => server?.stop(true));

/** Copies an example as a user does, for the gateway of this test. */
async function copy(name: string, packages = join(dir, name, "node_modules")): Promise<void> {
  await cp(join(EXAMPLES, name), join(dir, name), { recursive: true });
  await mkdir(packages, { recursive: true });
  await cp(join(packed, "package"), join(packages, "leaderboard-client"), { recursive: true });
}

async function openExample(name: string): Promise<Page> {
  const html = join(dir, name, "index.html");
  await writeFile(html, (await readFile(html, "utf8")).replaceAll("http://127.0.0.1:4000", pages.gateway.url));
  const page = await pages.openBlank();
  await page.goto(`http://127.0.0.1:${server?.port}/${name}/`);
  return page;
}

async function bundle(name: string, entry: string, output: string): Promise<void> {
  await copy(name);
  await build({
    entryPoints: [join(dir, name, entry)],
    outfile: join(dir, name, output),
    bundle: true,
    jsx: "automatic",
    allowOverwrite: true,
    nodePaths: [FRAMEWORKS],
  });
}

describe.skipIf(chromiumPath === undefined)("in Chromium, from another origin", () => {
  test("web: the element shows the board, follows it, and shows a name as text", async () => {
    await copy("web");
    const page = await openExample("web");
    const rows = page.locator("leaderboard-board li");
    await rows.first().waitFor();
    expect(await rows.allTextContents()).toEqual(["1Ada1,000", "2<img src=x>500"]);
    await enter("bob", "Bob", 2_000);
    await page.locator("leaderboard-board li:first-child", { hasText: "Bob" }).waitFor();
    await page.locator("leaderboard-board").evaluate((element) => element.setAttribute("board", "none"));
    await page.getByRole("status").getByText("There is no board none.").waitFor();
  }, 30_000);

  test.skipIf(!areFrameworksThere)(
    "react: the hook shows the board and follows it, under strict mode, too",
    async () => {
      await bundle("react", "main.jsx", "main.js");
      const page = await openExample("react");
      await page.locator("li", { hasText: "Ada 1,000" }).waitFor();
      await enter("cleo", "Cleo", 3_000);
      await page.locator("li:first-child", { hasText: "Cleo 3,000" }).waitFor();
      expect(await page.getByRole("status").count()).toBe(0);
    },
    30_000,
  );

  test.skipIf(!areFrameworksThere)(
    "phaser: a round ends with the player's rank and the board",
    async () => {
      await bundle("phaser", "game.js", "bundle.js");
      const html = join(dir, "phaser/index.html");
      await writeFile(html, (await readFile(html, "utf8")).replace("game.js", "bundle.js"));
      const page = await openExample("phaser");
      await page.locator("canvas").click();
      await page.waitForFunction(`window.game.scene.scenes[0].label.text.includes("clicks: rank")`);
      const label = await page.evaluate("window.game.scene.scenes[0].label.text");
      expect(label).toMatch(/^\d+ clicks: rank \d\n\n1\. /);
      const { entries } = await client.top({ region: "EU" });
      expect(entries.map(({ name }) => name)).toContain("Player");
    },
    60_000,
  );

  test("node-server: a match is submitted at once, a repeat counts once, and a refusal is named", async () => {
    await copy("node-server");
    const token = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "game" }, 600);
    const node = Bun.which("node") ?? process.execPath;
    const child = Bun.spawn([node, join(dir, "node-server/server.js")], {
      env: { ...process.env, LEADERBOARD_URL: pages.gateway.url, LEADERBOARD_TOKEN: token, PORT: "0" },
      stdout: "pipe",
    });
    try {
      const { value } = await child.stdout.getReader().read();
      const port = /\d+/.exec(new TextDecoder().decode(value))?.[0];
      const results = [
        { player: "dan", name: "Dan", region: "EU", points: 10 },
        { player: "eve", name: "Eve", region: "EU", points: 20 },
        { player: "ada", region: "NA", points: 30 },
      ];
      const submit = async () => {
        const body = JSON.stringify({ id: "42", results });
        const answer = await fetch(`http://127.0.0.1:${port}/matches`, { method: "POST", body });
        return answer.json();
      };
      const refused = [{ player: "ada", code: "wrong_region", detail: expect.any(String) }];
      expect([await submit(), await submit()]).toEqual([{ refused }, { refused }]);
      expect(await client.rank("eve", { region: "EU" })).toMatchObject({ score: 20, name: "Eve" });
    } finally {
      child.kill();
      await child.exited;
    }
  }, 30_000);
});
