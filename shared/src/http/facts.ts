/** What a handler has found out about a request, for the logs. */
export interface Facts {
  /** Address of the ranker that answered, or was asked last. */
  upstream?: string;
  userId?: string;
  operator?: string;
  /** The id of the operator's token, where it has one. */
  tokenId?: string | undefined;
  /** What an operator asked for, beside the route. */
  act?: object;
  /** Resolves when a stream has ended. */
  ended?: Promise<void>;
}
