import { rm } from "node:fs/promises";
import { flag } from "shared/command/define-command";
import { scratchDir } from "stack/scratch-dir";
import { writePlots } from "../plots/write-plots.ts";

export interface Run {
  /** Folder for data and logs, removed at the end. */
  readonly dir: string;
  /**
   * Reports progress on standard error.
   *
   * @throws Error after SIGINT or SIGTERM, so that every server is stopped
   */
  say(text: string): void;
}

/** An option of every bench. */
export const json = flag("one JSON object instead of tables");

/**
 * The work of a bench command: measures, and prints a report or one JSON object.
 *
 * @param plot makes the plots of a result, each by its name
 * @returns the exit code
 */
export async function runBench<O extends { json: boolean; svg?: string | undefined }, R>(
  options: O,
  measure: (options: O, run: Run) => Promise<R>,
  format: (result: R) => string,
  plot: (result: R) => Readonly<Record<string, string>> = () => ({}),
): Promise<number> {
  const startedAt = performance.now();
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (isInterrupted = true));
  const say = (text: string) => {
    if (isInterrupted) throw new Error("Interrupted: nothing was measured");
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
  };
  const dir = await scratchDir();
  try {
    const result = await measure(options, { dir, say });
    if (options.svg !== undefined) await writePlots(options.svg, plot(result));
    process.stdout.write(`${options.json ? JSON.stringify(result) : format(result)}\n`);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  return 0;
}
