import { idempotencyKeySchema } from "shared/api/fields";
import type { Operation } from "shared/api/operation";
import { Problem, toInvalidRequest } from "shared/api/problems";
import { readJson, readOptionalJson } from "shared/http/body";
import type { Incoming } from "shared/http/incoming";
import { queryReader } from "shared/http/read-query";
import { isUserId } from "shared/model/scores";
import type { z } from "zod";

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

/** Path, query, body and `Idempotency-Key` of a request, as its operation describes them. */
export interface ParsedCall<O extends Operation> {
  readonly params: Output<O["params"]>;
  readonly query: Output<O["query"]>;
  readonly body: O["body"] extends { schema: infer S } ? Output<S> : undefined;
  /** Undefined where the caller gave none. */
  readonly idempotencyKey: string | undefined;
}

/** @throws Problem `invalid_request` naming the fields, and those of a body */
export type ParseCall<O extends Operation> = (incoming: Incoming) => Promise<ParsedCall<O>>;

export function createParseCall<O extends Operation>({ params, query, body, repeat }: Operation): ParseCall<O> {
  const readQuery = query && queryReader(query);
  const readBody = body?.isOptional === true ? readOptionalJson : readJson;
  return async (incoming) => {
    const parsed = {
      params: params && readParams(incoming, params),
      query: readQuery?.(incoming.query),
      body: body && (await readBody(incoming, body.schema)),
      idempotencyKey: repeat === "keyed" ? readIdempotencyKey(incoming) : undefined,
    };
    return parsed as ParsedCall<O>; // read by the schemas of the operation that types it
  };
}

function readParams({ param }: Incoming, schema: z.ZodObject): Record<string, unknown> {
  // The schema costs more than the rest of reading a rank.
  if (isUserId(param)) return { userId: param };
  const result = schema.safeParse({ userId: param });
  if (result.success) return result.data;
  throw toInvalidRequest(result.error, "path");
}

function readIdempotencyKey({ headers }: Incoming): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  const result = idempotencyKeySchema.safeParse(key);
  if (result.success) return key;
  throw new Problem("invalid_request", "The header Idempotency-Key is not valid.", {
    errors: result.error.issues.map(({ message }) => ({ field: "Idempotency-Key", message })),
  });
}
