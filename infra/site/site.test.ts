import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { dirForFile } from "testing/for-file";
import { announceSkipped } from "testing/installed";
import { listFiles, ROOT } from "../checks/list-files.ts";
import { chromiumPath, startBrowser } from "../system/test/browser-under-test.ts";
import { readBlocks } from "../system/test/document-blocks.ts";
import { toSiteLink } from "./markdown.ts";
import { groupsOf } from "./sidebar.ts";

/** What infra/setup-tests.sh installs. */
const TOOLS = join(ROOT, ".data/tools/site/node_modules");
const VITEPRESS = join(TOOLS, "vitepress/bin/vitepress.js");
const MERMAID = join(TOOLS, "@mermaid-js/tiny/dist/mermaid.tiny.js");
const isThere = existsSync(VITEPRESS) && existsSync(MERMAID);
if (!isThere) announceSkipped("VitePress and Mermaid are not installed, so the site was not built");

const PAGES = listFiles("docs/**/*.md");
const REPOSITORY = "https://example.com/games/leaderboard";

test.each([
  ["api.md#scores", "docs", "api.md#scores"],
  ["#scores", "docs", "#scores"],
  ["https://example.com/", "docs", "https://example.com/"],
  ["../api.md", "docs/decisions", "../api.md"],
  ["decisions/README.md", "docs", "decisions/index.md"],
  ["README.md#ranks", "docs/decisions", "index.md#ranks"],
  ["../README.md", "docs", `${REPOSITORY}/blob/HEAD/README.md`],
  ["../../SECURITY.md#what-is-not", "docs/decisions", `${REPOSITORY}/blob/HEAD/SECURITY.md#what-is-not`],
  ["../infra/bench/", "docs", `${REPOSITORY}/blob/HEAD/infra/bench/`],
])("the link %s of a page in %s is %s on the site", (href, folder, expected) => {
  expect(toSiteLink(href, folder, REPOSITORY)).toBe(expected);
});

test("a link that leaves the pages is none where the repository's address is not known", () => {
  expect(toSiteLink("../README.md", "docs", undefined)).toBeUndefined();
});

test("every page stands in a list of a first page, so that the sidebar has it", async () => {
  const read = (file: string) => Bun.file(join(ROOT, file)).text();
  const groups = [
    ...groupsOf(await read("docs/README.md"), ""),
    ...groupsOf(await read("docs/decisions/README.md"), "decisions/"),
  ];
  const listed = groups.flatMap(({ items = [] }) => items.map(({ link }) => `docs${link}.md`));
  expect(listed.toSorted()).toEqual(PAGES.filter((page) => !page.endsWith("README.md")).toSorted());
});

describe.skipIf(!isThere)("every diagram of the project's documents", async () => {
  const documents = ["README.md", "ARCHITECTURE.md", ...PAGES];
  const blocks = documents.map(async (document) => {
    const text = await Bun.file(join(ROOT, document)).text();
    return readBlocks(text).flatMap(({ language, line, text: source }) =>
      language === "mermaid" ? [{ name: `${document}:${line}`, source }] : [],
    );
  });
  const diagrams = (await Promise.all(blocks)).flat();

  test("is read by Mermaid", async () => {
    // It needs a document to clean texts in. To parse one it need not work.
    const document = { nodeType: 9, createElement: () => ({}), implementation: {}, currentScript: null };
    const context = createContext({ window: { document, Element: Object }, structuredClone });
    runInContext(await Bun.file(MERMAID).text(), context);
    const parse = (source: string): Promise<unknown> => context.mermaid.parse(source);
    expect(diagrams).not.toBeEmpty();
    for (const { name, source } of diagrams) {
      const fault = await parse(source).then(
        () => undefined,
        (error: Error) => error.message,
      );
      expect({ name, fault }).toEqual({ name, fault: undefined });
    }
    await expect(parse("flowchart LR\n a --> --> b")).rejects.toThrow();
  });
});

describe.skipIf(!isThere)("the site, built below a path", async () => {
  const site = join(await dirForFile(), "site");
  const texts = new Map<string, string>();
  let server: ReturnType<typeof Bun.serve> | undefined;

  beforeAll(async () => {
    const child = Bun.spawn([process.execPath, VITEPRESS, "build", "docs", "--outDir", site], {
      cwd: ROOT,
      env: {
        PATH: process.env.PATH,
        GITHUB_SERVER_URL: "https://example.com",
        GITHUB_REPOSITORY: "games/leaderboard",
        SITE_BASE: "/leaderboard/",
      },
      stdout: "pipe",
      stderr: "pipe",
    });
    const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    expect({ code: await child.exited, output }).toMatchObject({ code: 0 });
    for (const page of new Bun.Glob("**/*.html").scanSync(site))
      texts.set(page, await Bun.file(join(site, page)).text());
    server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        const path = new URL(request.url).pathname.replace("/leaderboard/", "");
        const file = Bun.file(join(site, path === "" ? "index.html" : path));
        return (await file.exists()) ? new Response(file) : new Response("none", { status: 404 });
      },
    });
  }, 180_000);
  afterAll(() => server?.stop(true));

  test("has every page, and each of its links leads to a page and heading that is there", () => {
    expect(texts.size).toBe(PAGES.length + 1);
    const dead: string[] = [];
    for (const [page, text] of texts) {
      for (const [, href = ""] of text.matchAll(/<a [^>]*?href="([^"]+)"/g)) {
        const url = new URL(href, `http://site/leaderboard/${page}`);
        if (url.host !== "site") continue;
        const path = decodeURI(url.pathname)
          .replace(/^\/leaderboard\//, "")
          .replace(/(^|\/)$/, "$1index.html");
        const target = texts.get(path);
        const anchor = decodeURIComponent(url.hash.slice(1));
        if (target === undefined || (anchor !== "" && !target.includes(`id="${anchor}"`)))
          dead.push(`${page}: ${href}`);
      }
    }
    expect(dead).toEqual([]);
  });

  test("shows files outside of docs/ at the repository", () => {
    expect(texts.get("index.html")).toInclude(`href="${REPOSITORY}/blob/HEAD/SECURITY.md"`);
  });

  test.skipIf(chromiumPath === undefined)(
    "draws its diagrams, and loads nothing from another host",
    async () => {
      const browser = await startBrowser();
      try {
        const page = await browser.newPage();
        const [hosts, faults] = [new Set<string>(), [] as string[]];
        page.on("request", (request) => hosts.add(new URL(request.url()).host));
        page.on("pageerror", ({ message }) => faults.push(message));
        await page.goto(`http://127.0.0.1:${server?.port}/leaderboard/concepts.html`);
        await page.locator(".diagram svg").nth(1).waitFor();
        expect({ hosts: [...hosts], faults }).toEqual({ hosts: [`127.0.0.1:${server?.port}`], faults: [] });
      } finally {
        await browser.close();
      }
    },
    60_000,
  );
});
