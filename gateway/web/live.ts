import { LeaderboardError } from "shared/client/errors";
import type { Live, LiveOptions } from "shared/client/live";

export type LiveState = "connecting" | "live" | "reconnecting" | "failed";

export interface LiveHandlers<E> {
  onEvent: (event: E) => void;
  /** With the error that led to it, unless all is well. */
  onState?: (state: LiveState, error?: LeaderboardError) => void;
}

const REFUSED_RETRY_MS = 15_000;

/**
 * Watches a stream of the client for as long as the page can be seen. The client connects again by
 * itself after a break; where it gives up, at a refusal that is not to pass, it is begun anew here,
 * in case the server is another one by then.
 *
 * @returns how to stop
 */
export function watch<E>(
  subscribe: (options: LiveOptions) => AsyncIterable<Live<E>>,
  { onEvent, onState = () => {} }: LiveHandlers<E>,
): () => void {
  let watching: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastEventId = "";

  async function follow(signal: AbortSignal): Promise<void> {
    let losses = 0;
    const onOpen = () => {
      losses = 0;
      if (!signal.aborted) onState("live");
    };
    const onLost = (error: LeaderboardError) => {
      // A connection that breaks is made again as a rule; one that cannot be made, or an answer
      // that says no, is news.
      const isBreak = ++losses === 1 && error.status === 0;
      if (!signal.aborted) onState(isBreak ? "reconnecting" : "failed", error);
    };
    try {
      for await (const event of subscribe({ signal, lastEventId, onOpen, onLost })) {
        if (signal.aborted) return;
        lastEventId = event.id;
        onEvent(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof LeaderboardError)) throw error;
      onState("failed", error);
      timer = setTimeout(open, REFUSED_RETRY_MS);
    }
  }

  function open(): void {
    close();
    watching = new AbortController();
    void follow(watching.signal);
  }

  function close(): void {
    clearTimeout(timer);
    watching?.abort();
    watching = undefined;
  }

  // A browser has six connections to a host: those of pages that nobody looks at are missing
  // elsewhere.
  function look(): void {
    if (document.visibilityState === "hidden") close();
    else if (watching === undefined) open();
  }

  const reopen = () => {
    if (document.visibilityState !== "hidden") open();
  };
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", reopen);
  onState("connecting");
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("online", reopen);
    close();
  };
}
