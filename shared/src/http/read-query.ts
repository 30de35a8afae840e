import { LRUCache } from "lru-cache";
import { z } from "zod";
import { toInvalidRequest } from "../api/problems.ts";
import { inPlainWords } from "../base/plain-words.ts";

// Clients repeat few queries. Long ones are not kept.
const KNOWN_MAX = 1_000;
const KNOWN_LENGTH_MAX = 128;

const CACHE_BUSTER = /[?&]_(?:=[^&]*)?(?=&|$)/g;

/**
 * The query without `_`, a number that jQuery and DataTables add to every GET so that a browser
 * does not answer it from its cache. It changes no answer.
 */
export const withoutCacheBuster = (query: string): string =>
  query.includes("_") ? query.replaceAll(CACHE_BUSTER, "") : query;

/**
 * Parses queries by a schema, and keeps the results by their text. A field that is given twice is a
 * list, which no schema takes, and `_` is ignored.
 *
 * @returns the fields, the same object for the same text. @throws Problem `invalid_request` naming
 *   the fields
 */
export function queryReader<S extends z.ZodType<object>>(schema: S): (query: string) => z.output<S> {
  const known = new LRUCache<string, z.output<S>>({ max: KNOWN_MAX });
  return (sent) => {
    const query = withoutCacheBuster(sent);
    const before = known.get(query);
    if (before !== undefined) return before;
    const fields = toFields(query);
    const result = schema.safeParse(fields, { error: inPlainWords });
    if (!result.success) throw toInvalidRequest(nameRepeated(result.error, fields), "query");
    if (query.length <= KNOWN_LENGTH_MAX) known.set(query, result.data);
    return result.data;
  };
}

/** Says of each field that is given twice that, and nothing else of it. */
function nameRepeated(error: z.ZodError, fields: Record<string, string | string[]>): z.ZodError {
  const isRepeated = ({ path: [name] }: z.core.$ZodIssue) => Array.isArray(fields[String(name)]);
  const repeated = new Set(error.issues.filter(isRepeated).map(({ path }) => String(path[0])));
  const named = [...repeated].map((name) => ({
    code: "custom" as const,
    path: [name],
    message: "must be given once",
    input: undefined,
  }));
  return new z.ZodError([...error.issues.filter((issue) => !isRepeated(issue)), ...named]);
}

function toFields(query: string): Record<string, string | string[]> {
  const params = new URLSearchParams(query);
  return Object.fromEntries(
    [...new Set(params.keys())].map((name) => {
      const values = params.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? "") : values];
    }),
  );
}
