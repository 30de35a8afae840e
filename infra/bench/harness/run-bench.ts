import { rm } from "node:fs/promises";
import { scratchDir } from "stack/scratch-dir";
import type { z } from "zod";
import { type flag, readOptions } from "./options.ts";

type BenchFields = z.ZodObject<{ json: typeof flag }>;

/** One kind of measurement with its command line. */
export interface Bench<Fields extends BenchFields, Result> {
  help: string;
  /** The options, as `readOptions` reads them. */
  fields: Fields;
  measure(options: z.output<Fields>, run: Run): Promise<Result>;
  /** The result as text for a terminal. */
  format(result: Result): string;
}

export interface Run {
  /** Folder for data and logs, removed at the end. */
  readonly dir: string;
  /** Reports progress on standard error. Throws once the bench was interrupted, so that every server is stopped. */
  say(text: string): void;
}

/**
 * Parses the options, measures, and prints a report or one JSON object.
 *
 * @throws ConfigError for invalid options; what the bench threw
 */
export async function runBench<F extends BenchFields, R>(bench: Bench<F, R>, args: string[]): Promise<void> {
  const options = readOptions(bench.fields, args);
  if (options === undefined) {
    process.stdout.write(bench.help);
    return;
  }
  const startedAt = performance.now();
  let isInterrupted = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => (isInterrupted = true));
  const say = (text: string) => {
    if (isInterrupted) throw new Error("Interrupted: nothing was measured");
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
    process.stderr.write(`${seconds.padStart(4)} s  ${text}\n`);
  };
  const dir = await scratchDir();
  try {
    const result = await bench.measure(options, { dir, say });
    process.stdout.write(`${options.json ? JSON.stringify(result) : bench.format(result)}\n`);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
