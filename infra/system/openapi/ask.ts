import { expect } from "bun:test";
import type { Identity, Operator } from "shared/auth/tokens";
import type { Request as Described } from "./check-answer.ts";
import type { Gateways } from "./gateways.ts";

/** Which gateway is asked. */
export type Via = Exclude<
  keyof Gateways,
  "ranker" | "plantWrongType" | "plantDeletedBoard" | "plantRevision" | "plantEndedBoard" | "plantSeasons" | "close"
>;

/** What a request has beside its route. */
export interface Asked {
  via?: Via;
  /** The target of the request, where it is not the path of the document. */
  target?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
  as?: Identity;
  /** Sent with the token of an operator, who is an admin. */
  operator?: string;
  /** Sent with a listed token of an operator. */
  listed?: Pick<Operator, "role" | "boards">;
}

// A 503 of these gateways is expected. Other gateways may answer it on a busy machine.
const AWAY = new Set<Via>(["refused", "broken", "alone"]);
const BUSY = new Set(["unavailable", "outcome_unknown"]);

/**
 * Repeats a request until it is answered, and checks each answer against the document.
 *
 * @param route the method, and the path as the document spells it
 * @returns the code, or the status without one
 */
export type Ask = (route: string, asked?: Asked) => Promise<string>;

/** @param faultsOfAnswer differences between an answer and the document */
export function createAsk(
  gateways: Gateways,
  faultsOfAnswer: (request: Described, answer: Response) => Promise<string[]>,
): Ask {
  const { tokens } = gateways.ranker;

  async function bearerOf({ as, operator, listed }: Asked): Promise<string | undefined> {
    if (listed !== undefined)
      return tokens.issueListed({ name: "listed", tokenId: "0000000000000001", ...listed }, 3600);
    if (operator !== undefined) return tokens.issueOperator({ name: operator }, 3600);
    return as === undefined ? undefined : tokens.issue(as);
  }

  async function askOnce(route: string, asked: Asked): Promise<string> {
    const { via = "sound", target, body, headers = {} } = asked;
    const [method = "", path = ""] = route.split(" ");
    const bearer = await bearerOf(asked);
    const token = bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` };
    const init: RequestInit = { method, headers: { "Content-Type": "application/json", ...token, ...headers } };
    if (body !== undefined) init.body = isRaw(body) ? body : JSON.stringify(body);
    const answer = await gateways[via].request(target ?? path, init, { peer: "203.0.113.9" });
    const copy = answer.clone();
    expect({ route, faults: await faultsOfAnswer({ method, path }, answer) }).toEqual({ route, faults: [] });
    return copy.headers.get("Content-Type") === "application/problem+json"
      ? ((await copy.json()) as { code: string }).code
      : String(copy.status);
  }

  return async (route, asked = {}) => {
    for (;;) {
      const answer = await askOnce(route, asked);
      if (AWAY.has(asked.via ?? "sound") || !BUSY.has(answer)) return answer;
    }
  };
}

const isRaw = (body: unknown): body is string | ReadableStream =>
  typeof body === "string" || body instanceof ReadableStream;
