import { type AmbiguousPart, isAmbiguousPath } from "../http/ambiguous.ts";
import { refuseLarge } from "../http/body.ts";
import { fromHeaderList, type HeaderSource } from "../http/header-list.ts";
import { type Incoming, pathOf, queryOf, type Routed, toRequestId, UNKNOWN_CLIENT } from "../http/incoming.ts";
import type { LinkRequest } from "./frames.ts";

/** A request by a link. */
export class LinkedRequest implements Incoming {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly param: string;
  readonly requestId: string;
  readonly headers: HeaderSource;
  readonly client = UNKNOWN_CLIENT;
  readonly ambiguous: AmbiguousPart | undefined;
  readonly #body: Uint8Array<ArrayBuffer>;

  constructor({ method, target, headers, body }: LinkRequest, { path, param }: Routed) {
    this.#body = body;
    this.method = method;
    this.target = target;
    this.path = path;
    this.param = param;
    this.headers = fromHeaderList(headers);
    this.requestId = toRequestId(this.headers.get("x-request-id"));
    this.ambiguous = isAmbiguousPath(pathOf(target)) ? "path" : undefined;
  }

  get query(): string {
    return queryOf(this.target);
  }

  async body(): Promise<Uint8Array<ArrayBuffer>> {
    return refuseLarge(this.#body);
  }

  signal(): undefined {
    return undefined;
  }

  setIdleTimeout(): void {}
}
