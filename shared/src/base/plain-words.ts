import type { z } from "zod";

/**
 * What a check says where its schema has no words of its own: zod's own words name types of
 * TypeScript. Every `safeParse` of what a client or a file sent takes it as `error`.
 */
export function inPlainWords({ code, input, expected }: z.core.$ZodRawIssue): string | undefined {
  if (code !== "invalid_type") return undefined;
  return input === undefined ? "is required" : `must be of type ${expected}`;
}
