import type { LinkRequest } from "../link/frames.ts";
import { type AmbiguousPart, findAmbiguous, isAmbiguousPath } from "./ambiguous.ts";
import { readBody, refuseLarge } from "./body.ts";
import { fromHeaderList, type HeaderSource } from "./header-list.ts";

/** The connection that a request came by. */
export interface Connection {
  /** The address of the other end. */
  peer: string;
  /**
   * Closes the connection after so many seconds without a byte read; 0: never. Sent bytes do not
   * count.
   */
  setIdleTimeout(seconds: number): void;
  /**
   * Whether the path was sent in a form that another reader could understand differently: see
   * `ambiguous.ts`.
   */
  readonly hasAmbiguousPath: boolean;
}

/** Answers a request, as `Bun.serve` and Hono do. */
export type Fetch = (request: Request, connection: Connection) => Response | Promise<Response>;

/** A request as routes read it, whether it came by HTTP or by a link. */
export interface Incoming {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** The path that the router has matched: decoded. */
  readonly path: string;
  /** As it was sent, with its question mark; empty where there is none. */
  readonly query: string;
  /** Values of the route's parameters, in the order of its path. */
  readonly params: readonly string[];
  readonly requestId: string;
  readonly headers: HeaderSource;
  readonly client: Client;
  readonly ambiguous: AmbiguousPart | undefined;
  /**
   * Reads the whole body.
   *
   * @param bytesMax what its operation allows; 16 KiB unless given
   * @throws Problem `body_too_large`, `request_timeout`, `invalid_request`
   */
  body(bytesMax?: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Aborted when the client has gone; absent by a link. */
  signal(): AbortSignal | undefined;
  /** Closes the connection after so many seconds without a byte read; 0: never. */
  setIdleTimeout(seconds: number): void;
}

/**
 * Where a request comes from, seen through trusted proxies. Both are empty where a service does not
 * look.
 */
export interface Client {
  readonly address: string;
  /** `X-Forwarded-For` as it goes on to a ranker. */
  readonly forwardedFor: string;
}

export const UNKNOWN_CLIENT: Client = { address: "", forwardedFor: "" };

/** What the router knows of a request. */
export interface Routed {
  path: string;
  params: readonly string[];
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The caller's `X-Request-Id` if it is well-formed, a new one otherwise. */
export const toRequestId = (given: string | null | undefined): string =>
  given != null && REQUEST_ID.test(given) ? given : crypto.randomUUID();

/** A request by HTTP. */
export class HttpRequest implements Incoming {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly params: readonly string[];
  readonly requestId: string;
  readonly headers: Headers;
  readonly client: Client;
  readonly ambiguous: AmbiguousPart | undefined;
  readonly #raw: Request;
  readonly #connection: Partial<Connection> | undefined;

  constructor(raw: Request, connection: Partial<Connection> | undefined, { path, params }: Routed, client: Client) {
    this.#raw = raw;
    this.#connection = connection;
    this.method = raw.method;
    this.target = targetOf(raw.url);
    this.path = path;
    this.params = params;
    this.headers = raw.headers;
    this.requestId = toRequestId(raw.headers.get("x-request-id"));
    this.client = client;
    this.ambiguous = findAmbiguous(raw, connection?.hasAmbiguousPath === true);
  }

  get query(): string {
    return queryOf(this.target);
  }

  body(bytesMax?: number): Promise<Uint8Array<ArrayBuffer>> {
    return readBody(this.#raw, { bytesMax });
  }

  signal(): AbortSignal {
    return this.#raw.signal;
  }

  setIdleTimeout(seconds: number): void {
    this.#connection?.setIdleTimeout?.(seconds);
  }
}

/** A request by a link. */
export class LinkedRequest implements Incoming {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly params: readonly string[];
  readonly requestId: string;
  readonly headers: HeaderSource;
  readonly client = UNKNOWN_CLIENT;
  readonly ambiguous: AmbiguousPart | undefined;
  readonly #body: Uint8Array<ArrayBuffer>;

  constructor({ method, target, headers, body }: LinkRequest, { path, params }: Routed) {
    this.#body = body;
    this.method = method;
    this.target = target;
    this.path = path;
    this.params = params;
    this.headers = fromHeaderList(headers);
    this.requestId = toRequestId(this.headers.get("x-request-id"));
    this.ambiguous = isAmbiguousPath(pathOf(target)) ? "path" : undefined;
  }

  get query(): string {
    return queryOf(this.target);
  }

  async body(bytesMax?: number): Promise<Uint8Array<ArrayBuffer>> {
    return refuseLarge(this.#body, bytesMax);
  }

  signal(): undefined {
    return undefined;
  }

  setIdleTimeout(): void {}
}

/** `/top` of `/top?limit=10`. */
export function pathOf(target: string): string {
  const at = target.indexOf("?");
  return at < 0 ? target : target.slice(0, at);
}

/** `?limit=10` of `/top?limit=10`. */
function queryOf(target: string): string {
  const at = target.indexOf("?");
  return at < 0 ? "" : target.slice(at);
}

/** `/top?limit=10` of an absolute URL, in which Bun leaves what stands behind a `#`. */
function targetOf(url: string): string {
  const begin = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("#", begin);
  return end < 0 ? url.slice(begin) : url.slice(begin, end);
}
