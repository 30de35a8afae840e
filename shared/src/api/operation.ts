import type { z } from "zod";
import type { Role } from "../model/roles.ts";
import type { ProblemCode } from "./problems.ts";

/** The name of a token bucket, and of its policy. */
export type LimitName = "user" | "region" | "operator" | "address" | "registration" | "read";

/** What a route asks of an operator's token. */
export interface OperatorAccess {
  /** The least role; higher ones open the route, too. */
  readonly role: Role;
  /**
   * `all`: the route acts on every board, or on none by name, so that a token for named boards does
   * not open it. `named`: on the board that the call names in its field `board`. `items`: on the
   * boards that its items name; each item of another one is refused alone.
   */
  readonly boards: "all" | "named" | "items";
  /** Whether a player's token opens the route as well, for that player alone. */
  readonly players?: true;
}

/** An answer that is not a problem. */
export interface Success {
  description: string;
  /** JSON of this schema. An answer without one has another media type. */
  schema?: z.ZodType;
  mediaType?: string;
  /** Of a stream: what each event has as `data`, by the event's name. */
  events?: Readonly<Record<string, z.ZodType>>;
  example?: unknown;
}

/**
 * One route. The gateway adds its limits and the proxy, the ranker a handler, and the OpenAPI
 * document is made of it.
 */
export interface Operation {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As Hono has it, with parameters: `/rank/:userId`. */
  readonly path: string;
  /** `operationId`, and the method of the client. */
  readonly id: string;
  readonly tag: "players" | "scores" | "boards" | "operators" | "service";
  readonly summary: string;
  readonly description?: string;
  /**
   * Whose token the route needs; none for `anyone`, and for `readers` only where the definition of
   * the board that is read says so. An operators' route may take players' tokens, too.
   */
  readonly access: "anyone" | "readers" | "player" | OperatorAccess;
  /** Token buckets of which each gives the gateway a permit, or none does. */
  readonly limits: readonly LimitName[];
  /** Whether a ranker answers, behind the gateway. */
  readonly isProxied: boolean;
  /** Whether it changes an account or a score, so that a lost reply leaves the outcome unknown. */
  readonly isWrite: boolean;
  /** Whether the gateway may send it twice; if `keyed`, only with an `Idempotency-Key`. */
  readonly repeat: "always" | "keyed" | "never";
  /** Fields in the order of the path. */
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: RequestBody;
  readonly success: Readonly<Record<number, Success>>;
  /** Codes beside those that the fields above imply. */
  readonly problems: readonly ProblemCode[];
}

/** What a body may have where its operation states no bound of its own. */
export const BODY_BYTES_MAX = 16 * 1024;

export interface RequestBody {
  readonly schema: z.ZodObject;
  /** What the OpenAPI document shows in place of a schema that leaves checks to the handler. */
  readonly shown?: z.ZodObject;
  readonly example: unknown;
  /**
   * The largest body; {@link BODY_BYTES_MAX} unless given. Gateway and ranker refuse a larger one,
   * and wait longer for one that may be larger.
   */
  readonly bytesMax?: number;
  /** Whether a request without a body is one with no fields. */
  readonly isOptional?: true;
}

/** A read of boards, which needs a token only where a board is for operators to read. */
export const openRead = {
  method: "GET",
  tag: "boards",
  access: "readers",
  limits: ["read"],
  isProxied: true,
  isWrite: false,
  repeat: "always",
} as const;

/** Names operations by their keys. Keeps their exact types, which type the ranker's handlers. */
export function nameOperations<const O extends Readonly<Record<string, Omit<Operation, "id">>>>(operations: O) {
  const named = Object.entries(operations).map(([id, operation]) => [id, { ...operation, id }]);
  return Object.fromEntries(named) as { readonly [K in keyof O & string]: O[K] & { readonly id: K } };
}
