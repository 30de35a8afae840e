/** The connection that a request came by. */
export interface Connection {
  /** The address of the other end. */
  peer: string;
  /** Closes the connection after so many seconds without a byte read; 0: never. Sent bytes do not count. */
  setIdleTimeout(seconds: number): void;
  /** Whether the path was sent in a form that another reader could understand differently: see `ambiguous.ts`. */
  readonly hasAmbiguousPath: boolean;
}

/** Answers a request, as `Bun.serve` and Hono do. */
export type Fetch = (request: Request, connection: Connection) => Response | Promise<Response>;
