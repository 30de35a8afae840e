import { ANSWER_KEPT_SECONDS, idempotencyKeySchema } from "shared/api/fields";
import type { Operation } from "shared/api/operation";
import { forGenerators, type Json, schemaOf } from "./schema.ts";

/** A reference to a component of the document. */
export const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

const state = String.raw`"[a-z0-9-]+";[a-z]=\d+;[a-z]=\d+`;
const header = (description: string, schema: Json, required = false) => ({
  description,
  required,
  schema: forGenerators(schema, "output"),
});

/** Headers of answers, as components of the document. */
export const answerHeaders = {
  "X-Request-Id": header(
    "The request's id, which the logs have too.",
    { type: "string", pattern: "^[A-Za-z0-9._-]{1,128}$" },
    true,
  ),
  "X-Upstream-Addr": header("Which ranker answered; absent where none was asked.", { type: "string" }),
  "Retry-After": header("Seconds until a retry makes sense.", { type: "integer", minimum: 0 }, true),
  "RateLimit-Policy": header(
    "The token buckets that were asked: `q` permits, the most each holds, fill up in `w` seconds. Reads tell them once less than half of one is left.",
    {
      type: "string",
      pattern: `^${state}(, ${state})*$`,
      examples: ['"user";q=40;w=2, "region";q=10000;w=2'],
    },
  ),
  RateLimit: header("The same buckets: `r` permits are left, and the bucket is full again in `t` seconds.", {
    type: "string",
    pattern: `^${state}(, ${state})*$`,
    examples: ['"user";r=39;t=1, "region";r=9999;t=1'],
  }),
  "Idempotent-Replayed": header(
    "The answer, which may be a refusal, is that of an earlier request with the same `Idempotency-Key`.",
    {
      type: "string",
      const: "true",
    },
  ),
  ETag: header(
    "Of a board its revision, for `If-Match`; of a read of a named season what `If-None-Match` asks for. Absent on reads of the season that runs.",
    { type: "string", pattern: String.raw`^"[\w-]+"$` },
  ),
  "WWW-Authenticate": header("The scheme that is asked for.", { type: "string", pattern: "^Bearer" }, true),
} as const;

type Sent = Partial<Record<keyof typeof answerHeaders, boolean>>;

/** The headers of an operation's answers, and those of `others` that are true. */
export function headersOf({ isProxied, limits }: Operation, others: Sent): Json {
  const isLimited = limits.length > 0;
  const own: Sent = { "X-Upstream-Addr": isProxied, "RateLimit-Policy": isLimited, RateLimit: isLimited };
  const names = Object.entries({ "X-Request-Id": true, ...own, ...others }).flatMap(([name, isSent]) =>
    isSent ? name : [],
  );
  return Object.fromEntries(names.map((name) => [name, ref("headers", name)]));
}

/** Headers that every request may have, and that a write may have. */
export const requestHeaders = {
  RequestId: {
    name: "X-Request-Id",
    in: "header",
    required: false,
    description: "An id of the caller's own; another one is given where it is missing or not well-formed.",
    schema: { type: "string" },
    example: "match-42-player-7",
  },
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description:
      `Makes the write safe to repeat for ${ANSWER_KEPT_SECONDS / 3600} hours: the first answer comes again. The same key ` +
      "with another body is `idempotency_conflict`.",
    schema: schemaOf(idempotencyKeySchema),
    example: "match-42",
  },
  IfNoneMatch: {
    name: "If-None-Match",
    in: "header",
    required: false,
    description: "`ETag` of an answer that the caller has: 304 without a body where it still holds.",
    schema: { type: "string" },
    example: '"LcZgWpo1Wkdma0M-Wr2kFg"',
  },
  IfMatch: {
    name: "If-Match",
    in: "header",
    required: false,
    description: "The revision of the board that the change was made for: its `rev`, or the `ETag` of its answer.",
    schema: { type: "string", pattern: '^(W/)?"?\\d{1,16}"?$' },
    example: '"7"',
  },
} as const;
