import { type Browser, chromium } from "playwright-core";

/** The path of Chromium; undefined where it is not installed. */
export const chromiumPath =
  ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    .map((name) => Bun.which(name))
    .find((path) => path !== null) ?? undefined;

/**
 * Prints that tests were skipped for want of a browser.
 *
 * @param what as in "so the page was not opened"
 */
export function announceWithoutChromium(what: string): void {
  if (chromiumPath === undefined) process.stderr.write(`SKIPPED: Chromium is not installed, so ${what}\n`);
}

/** @throws Error where Chromium is not installed */
export async function startBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error("Chromium is not installed");
  // Its sandbox does not work for root; the page is our own.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: chromiumPath, args });
}
