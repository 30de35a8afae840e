import { type Browser, chromium } from "playwright-core";

/** The path of a Chromium, or nothing where none is installed. */
export const chromiumPath =
  ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    .map((name) => Bun.which(name))
    .find((path) => path !== null) ?? undefined;

/** Says that what needs a browser was not run, and why. */
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
