/** The process lives. */
export interface Health {
  status: "ok";
  upstreams?:
    | {
        address: string;
        up: boolean;
      }[]
    | undefined;
}

/** Whether requests should be sent here. */
export interface Readiness {
  status: "unavailable" | "ready" | "stopping";
  upstreams?:
    | {
        address: string;
        up: boolean;
      }[]
    | undefined;
  /**
   * Of a ranker or a drainer: its stores. Of a ranker also each region whose reads are refused
   * now.
   */
  dependencies?:
    | {
        name: string;
        up: boolean;
      }[]
    | undefined;
}
