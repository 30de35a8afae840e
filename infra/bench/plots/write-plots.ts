import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { value } from "shared/command/define-command";
import { z } from "zod";

/** An option of benches that have plots. */
export const svg = value("FOLDER", "also writes the plots of the result, such as docs/plots", z.string().optional());

/** Writes plots by their names, without `.svg`. */
export async function writePlots(folder: string, plots: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, plot] of Object.entries(plots)) await writeFile(join(folder, `${name}.svg`), plot);
}
