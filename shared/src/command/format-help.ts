import type { z } from "zod";

interface Described {
  about: string;
  usage: string;
  notes: string;
  options: Record<string, z.ZodType>;
}

/** What `--help` prints: purpose, usage, a line an option with its default, notes. */
export function formatHelp({ about, usage, notes, options }: Described): string {
  const rows = Object.entries(options).map(([name, schema]) => {
    const { placeholder, description = "" } = schema.meta() ?? {};
    const label = placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
    const { data: preset } = schema.safeParse(undefined);
    const isShown = preset !== undefined && preset !== false;
    return { label, text: isShown ? `${description} (default: ${preset})` : description };
  });
  rows.push({ label: "--help", text: "shows this" });
  const width = Math.max(...rows.map(({ label }) => label.length)) + 2;
  const lines = rows.map(({ label, text }) => `  ${label.padEnd(width)}${text}\n`);
  return `${about}\n\n  ${usage}\n\n${lines.join("")}\n${notes.trim()}\n`;
}
