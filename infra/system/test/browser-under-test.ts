import { afterAll, afterEach, beforeAll, expect } from "bun:test";
import { type Client, createClient } from "leaderboard-client";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { createTokens } from "shared/auth/tokens";
import { announceSkipped, installed } from "testing/installed";
import { words } from "testing/words";
import { TOKEN_OPTIONS } from "../../../gateway/test/gateway-under-test.ts";
import { type ServiceMember, type Site, type SiteOptions, startSite } from "../../faults/site.ts";

/** The path of Chromium; undefined where it is not installed. */
export const chromiumPath = words`chromium chromium-browser google-chrome google-chrome-stable`
  .map(installed)
  .find((path) => path !== undefined);

/** @throws Error where Chromium is not installed */
export async function startBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("Chromium is not installed");
  // Its sandbox does not work for root; the page is our own.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: chromiumPath, args });
}

/** A site and a browser that opens its page, for the tests of one file. */
export interface PageSite {
  readonly site: Site;
  readonly gateway: ServiceMember;
  /** Opens the page at a path, in a context of its own. */
  open(path?: string, options?: BrowserContextOptions): Promise<Page>;
  /** Opens an empty page, for what is set up before the first request. */
  openBlank(options?: BrowserContextOptions): Promise<Page>;
}

export interface PageSiteOptions extends SiteOptions {
  /** Writes what the pages show. */
  fill: (visitor: Client, operator: Client) => Promise<unknown>;
}

/**
 * Starts a site of one ranker and Chromium before the tests of a file, and stops both behind them;
 * without Chromium, for which the tests have to be skipped, neither. The pages of a test are closed
 * at its end, and must have had no error of a script and no violation of the content security
 * policy.
 */
export function usePages({ fill, env, ...options }: PageSiteOptions): PageSite {
  if (chromiumPath === undefined) announceSkipped("Chromium is not installed, so the page was not opened");
  let started: { site: Site; browser: Browser } | undefined;
  const opened: Page[] = [];
  const faults: string[] = [];

  beforeAll(async () => {
    if (chromiumPath === undefined) return;
    const streams = { LIVE_STREAMS_PER_ADDRESS: "100" };
    const starting = startSite({ rankers: 1, drainers: 0, ...options, env: { ...streams, ...env } });
    const [site, browser] = await Promise.all([starting, startBrowser()]);
    started = { site, browser };
    const visitor = createClient({ url: site.gateways[0].url });
    const token = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 600);
    await fill(visitor, visitor.as(token));
  }, 120_000);
  afterEach(async () => {
    for (const page of opened.splice(0)) await page.context().close();
    expect(faults.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await started?.browser.close();
    await started?.site.close();
  }, 30_000);

  function present() {
    if (started === undefined) throw new Error("the site has not started");
    return started;
  }

  async function openBlank(contextOptions: BrowserContextOptions = {}): Promise<Page> {
    const context = await present().browser.newContext({ locale: "en-US", ...contextOptions });
    const page = await context.newPage();
    opened.push(page);
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused/.test(message.text())) faults.push(message.text());
    });
    return page;
  }

  return {
    get site() {
      return present().site;
    },
    get gateway() {
      return present().site.gateways[0];
    },
    openBlank,
    async open(path = "/", contextOptions) {
      const page = await openBlank(contextOptions);
      await page.goto(present().site.gateways[0].url + path);
      return page;
    },
  };
}
