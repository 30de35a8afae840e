import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { installed } from "testing/installed";
import { words } from "testing/words";

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

/** The pages of a test, each in a context of its own. */
export interface WatchedPages {
  open(browser: Browser, url: string, options?: BrowserContextOptions): Promise<Page>;
  /** Closes all. @returns errors of scripts and violations of the content security policy */
  close(): Promise<string[]>;
}

export function watchPages(): WatchedPages {
  const opened: Page[] = [];
  const faults: string[] = [];
  return {
    async open(browser, url, options = {}) {
      const page = await (await browser.newContext({ locale: "en-US", ...options })).newPage();
      opened.push(page);
      page.on("pageerror", (error) => faults.push(error.message));
      page.on("console", (message) => {
        if (/Content Security Policy|Refused/.test(message.text())) faults.push(message.text());
      });
      await page.goto(url);
      return page;
    },
    async close() {
      for (const page of opened.splice(0)) await page.context().close();
      return faults.splice(0);
    },
  };
}
