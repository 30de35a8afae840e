import { type Browser, chromium } from "playwright-core";
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
