import { idempotencyKeySchema } from "shared/api/fields";
import type { Operation, OperatorAccess } from "shared/api/operation";
import { invalidHeader, toInvalidRequest } from "shared/api/problems";
import { identify, identifyFor } from "shared/auth/identify";
import { createReader, type Reader } from "shared/auth/reader";
import { factsOf, requireBoard } from "shared/auth/require-access";
import { type Identity, isOperator, type Operator, type Tokens } from "shared/auth/tokens";
import { inPlainWords } from "shared/base/plain-words";
import { readJson, readOptionalJson } from "shared/http/body";
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

/** Whom the access of an operation lets in. */
type CallerOf<A extends Operation["access"]> = A extends "player"
  ? Identity
  : A extends { players: true }
    ? Identity | Operator
    : A extends OperatorAccess
      ? Operator
      : A extends "readers"
        ? Reader
        : undefined;

/** A request whose caller is known, parsed as its operation describes it. */
export interface Call<O extends Operation> extends ParsedCall<O> {
  /** Of the verified token; a reader has a token to show where a board needs one. */
  readonly caller: CallerOf<O["access"]>;
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
  const readerOf = ({ headers }: Incoming) => createReader(tokens, () => headers.get("authorization"));
  return (operation, handler) => {
    type O = typeof operation;
    const parse = createParseCall<O>(operation);
    const answer = (parsed: ParsedCall<O>, caller: Identity | Operator | Reader | undefined, incoming: Incoming) =>
      handler({ ...parsed, caller, incoming } as Call<O>); // its access says which caller it has

    async function answerPlayer(identity: Identity, incoming: Incoming): Promise<Reply> {
      await confirmAccount(identity);
      return answer(await parse(incoming), identity, incoming);
    }

    function operatorAnswerer(access: OperatorAccess) {
      const readBoard = access.boards === "named" ? boardReader(operation) : undefined;
      return async (operator: Operator, incoming: Incoming): Promise<Reply> => {
        let facts = factsOf(operator);
        try {
          const parsed = await parse(incoming);
          // A handler of large bodies says itself what it did.
          const act =
            operation.body?.bytesMax === undefined ? (parsed.body ?? queryOfAct(operation, parsed)) : undefined;
          if (act !== undefined) facts = { ...facts, act };
          if (readBoard !== undefined) requireBoard(operator, readBoard(parsed));
          const reply = await answer(parsed, operator, incoming);
          return { ...reply, facts: { ...facts, ...reply.facts } };
        } catch (error) {
          return { ...toProblemReply(error, incoming), facts };
        }
      };
    }

    function operatorHandle(access: OperatorAccess): Handle {
      const answerOperator = operatorAnswerer(access);
      return async (incoming) => {
        const caller = await identifyFor(tokens, { topology, access }, incoming.headers.get("authorization"));
        return isOperator(caller) ? answerOperator(caller, incoming) : answerPlayer(caller, incoming);
      };
    }

    const handles: Record<"anyone" | "readers" | "player", Handle> = {
      anyone: async (incoming) => answer(await parse(incoming), undefined, incoming),
      readers: async (incoming) => answer(await parse(incoming), readerOf(incoming), incoming),
      player: async (incoming) =>
        answerPlayer(await identify(tokens, topology, incoming.headers.get("authorization")), incoming),
    };

    const { access } = operation;
    const handle = typeof access === "object" ? operatorHandle(access) : handles[access];
    return { method: operation.method, path: operation.path, handle };
  };
}

/** What an act without a body says in its query; a read is no act. */
const queryOfAct = ({ isWrite }: Operation, { query }: { query: object | undefined }): object | undefined =>
  isWrite ? query : undefined;

/**
 * How a call of the operation names its board.
 *
 * @throws Error for an operation without a field `board`, whose calls no token could be held to
 */
function boardReader({ id, params, query, body }: Operation): (parsed: Record<Place, unknown>) => string {
  const schemas: Record<Place, z.ZodObject | undefined> = { params, query, body: body?.schema };
  const place = PLACES.find((each) => schemas[each]?.shape.board !== undefined);
  if (place === undefined) throw new Error(`${id} is for operators of named boards, and has no field board`);
  return (parsed) => String((parsed[place] as { board?: unknown }).board);
}

const PLACES = ["params", "query", "body"] as const;
type Place = (typeof PLACES)[number];

/**
 * @throws Problem `invalid_request` that names the fields, and every Problem that reading a body
 *   throws
 */
type ParseCall<O extends Operation> = (incoming: Incoming) => Promise<ParsedCall<O>>;

function createParseCall<O extends Operation>({ params, query, body, repeat }: Operation): ParseCall<O> {
  const readParams = params && paramReader(params);
  const readQuery = query && queryReader(query);
  const readBody = body?.isOptional === true ? readOptionalJson : readJson;
  return async (incoming) => {
    const parsed = {
      params: readParams?.(incoming),
      query: readQuery?.(incoming.query),
      body: body && (await readBody(incoming, body.schema, body.bytesMax)),
      idempotencyKey: repeat === "keyed" ? readIdempotencyKey(incoming) : undefined,
    };
    return parsed as ParsedCall<O>; // read by the schemas of the operation that types it
  };
}

/** Reads the parameters of a path. */
function paramReader(schema: z.ZodObject): (incoming: Incoming) => Record<string, unknown> {
  const names = Object.keys(schema.shape);
  const isPlayer = names.length === 1 && names[0] === "userId";
  return ({ params }) => {
    const [userId = ""] = params;
    // The schema costs more than the rest of reading a rank.
    if (isPlayer && isUserId(userId)) return { userId };
    const given = Object.fromEntries(names.map((name, index) => [name, params[index]]));
    const result = schema.safeParse(given, { error: inPlainWords });
    if (result.success) return result.data;
    throw toInvalidRequest(result.error, "path");
  };
}

function readIdempotencyKey({ headers }: Incoming): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  const result = idempotencyKeySchema.safeParse(key);
  if (result.success) return key;
  throw invalidHeader("Idempotency-Key", result.error.issues[0]?.message ?? "is not valid");
}
