import type { Operation } from "shared/api/operation";
import { type Identity, identify, identifyOperator, type Operator, type Tokens } from "shared/auth/tokens";
import type { Facts } from "shared/http/facts";
import type { Incoming } from "shared/http/incoming";
import { toProblemReply } from "shared/http/problem-reply";
import type { Reply } from "shared/http/reply";
import type { Handle, Route } from "shared/http/serve";
import type { Topology } from "shared/model/regions";
import type { ConfirmAccount } from "../accounts/confirm-account.ts";
import { createParseCall, type ParsedCall } from "./parse-call.ts";

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
 * Routes that verify the caller's token, parse the request, and call the handler. A ranker verifies although a gateway
 * has done so: clients may call a ranker directly.
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
