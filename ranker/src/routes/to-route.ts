import { idempotencyKeySchema } from "shared/api/fields";
import type { Operation } from "shared/api/operation";
import { inPlainWords } from "shared/api/plain-words";
import { Problem, toInvalidRequest } from "shared/api/problems";
import { identify, identifyOperator } from "shared/auth/identify";
import type { Identity, Operator, Tokens } from "shared/auth/tokens";
import { readJson, readOptionalJson } from "shared/http/body";
import type { Facts } from "shared/http/facts";
import type { Incoming } from "shared/http/incoming";
import { toProblemReply } from "shared/http/problem-reply";
import { queryReader } from "shared/http/read-query";
import type { Reply } from "shared/http/reply";
import type { Handle, Route } from "shared/http/serve";
import type { Topology } from "shared/model/regions";
import { isUserId } from "shared/model/scores";
import type { z } from "zod";
import type { ConfirmAccount } from "../accounts/confirm-account.ts";

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

/** Path, query, body and `Idempotency-Key` of a request, as its operation describes them. */
interface ParsedCall<O extends Operation> {
  readonly params: Output<O["params"]>;
  readonly query: Output<O["query"]>;
  readonly body: O["body"] extends { schema: infer S } ? Output<S> : undefined;
  /** Undefined where the caller gave none. */
  readonly idempotencyKey: string | undefined;
}

/** A request whose caller is known, parsed as its operation describes it. */
export interface Call<O extends Operation> extends ParsedCall<O> {
  /** Of the verified token. */
  readonly caller: O["access"] extends "player" ? Identity : O["access"] extends "operator" ? Operator : undefined;
  readonly incoming: Incoming;
}

/** Answers the calls of one operation. @throws Problem */
export type Handler<O extends Operation> = (call: Call<O>) => Promise<Reply>;

/** Makes a route of an operation and its handler. */
export type ToRoute = <O extends Operation>(operation: O, handler: Handler<O>) => Route;

export interface CallerDeps {
  topology: Topology;
  tokens: Tokens;
  confirmAccount: ConfirmAccount;
}

/**
 * Routes that verify the caller's token, parse the request, and call the handler. A ranker verifies
 * although a gateway has done so: clients may call a ranker directly.
 */
export function createToRoute({ topology, tokens, confirmAccount }: CallerDeps): ToRoute {
  return (operation, handler) => {
    type O = typeof operation;
    const parse = createParseCall<O>(operation);
    const answer = (parsed: ParsedCall<O>, caller: Identity | Operator | undefined, incoming: Incoming) =>
      handler({ ...parsed, caller, incoming } as Call<O>); // its access says which caller it has

    const byAccess: Record<Operation["access"], Handle> = {
      anyone: async (incoming) => answer(await parse(incoming), undefined, incoming),

      async player(incoming) {
        const identity = await identify(tokens, topology, incoming.headers.get("authorization"));
        await confirmAccount(identity);
        return answer(await parse(incoming), identity, incoming);
      },

      async operator(incoming) {
        const operator = await identifyOperator(tokens, incoming.headers.get("authorization"));
        let facts: Facts = { operator: operator.name };
        try {
          const parsed = await parse(incoming);
          if (parsed.body !== undefined) facts = { operator: operator.name, act: parsed.body };
          return { ...(await answer(parsed, operator, incoming)), facts };
        } catch (error) {
          return { ...toProblemReply(error, incoming), facts };
        }
      },
    };
    return { method: operation.method, path: operation.path, handle: byAccess[operation.access] };
  };
}

/**
 * @throws Problem `invalid_request` that names the fields, and every Problem that reading a body
 *   throws
 */
type ParseCall<O extends Operation> = (incoming: Incoming) => Promise<ParsedCall<O>>;

function createParseCall<O extends Operation>({ params, query, body, repeat }: Operation): ParseCall<O> {
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
  const result = schema.safeParse({ userId: param }, { error: inPlainWords });
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
