import type { Layout } from "./layout.ts";

/** Lua functions that several scripts use, and the parts that these use in turn. */
export interface ScriptPart {
  source: string;
  uses?: readonly ScriptPart[];
}

/** What a script's text is made of. */
export interface ScriptText {
  /** The file of the script. Its first line tells Redis what the script may do. */
  source: string;
  /** Parts that the file uses without having them. */
  parts?: readonly ScriptPart[];
  /** Names for its keys and arguments. */
  layout?: Pick<Layout<never, never, never>, "toHeader">;
  /**
   * Whether the script writes behind its fence. Its first argument, `run` in Lua, is then the run
   * of the server that the call is sent to, in front of those of the caller.
   */
  isFenced?: boolean;
}

/** The file with its parts, each once and behind those that it uses, and its header. */
export function composeSource({ source, parts = [], layout, isFenced = false }: ScriptText): string {
  const firstLineEnd = source.startsWith("#!") ? source.indexOf("\n") + 1 : 0;
  const header = layout?.toHeader(isFenced ? 1 : 0) ?? "";
  const run = isFenced && layout !== undefined ? "local run = ARGV[1]\n" : "";
  const above = [...inOrder(parts)].map((part) => part.source).join("");
  return source.slice(0, firstLineEnd) + above + run + header + source.slice(firstLineEnd);
}

function inOrder(parts: readonly ScriptPart[], ordered = new Set<ScriptPart>()): ReadonlySet<ScriptPart> {
  for (const part of parts) {
    inOrder(part.uses ?? [], ordered);
    ordered.add(part);
  }
  return ordered;
}
