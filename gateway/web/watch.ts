import { LeaderboardError, type Live, type LiveOptions } from "leaderboard-client";

export type LiveState = "connecting" | "live" | "reconnecting" | "failed";

export interface LiveHandlers<E> {
  onEvent: (event: E) => void;
  /** `error` is the cause of a state other than `connecting` and `live`. */
  onState?: (state: LiveState, error?: LeaderboardError) => void;
}

const REFUSED_RETRY_MS = 15_000;

/**
 * Watches a stream while the page is visible. The client reconnects by itself after a break. After
 * a permanent refusal this function subscribes again every 15 seconds, because the server may
 * change.
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
      // The first reconnect usually succeeds. A second failure, or a refusal, is shown.
      const isFirstLoss = ++losses === 1 && error.status === 0;
      if (!signal.aborted) onState(isFirstLoss ? "reconnecting" : "failed", error);
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

  // A browser opens six connections to a host, so hidden pages must not hold one.
  function followVisibility(): void {
    if (document.visibilityState === "hidden") close();
    else if (watching === undefined) open();
  }

  const reopen = () => {
    if (document.visibilityState !== "hidden") open();
  };
  document.addEventListener("visibilitychange", followVisibility);
  window.addEventListener("online", reopen);
  onState("connecting");
  followVisibility();
  return () => {
    document.removeEventListener("visibilitychange", followVisibility);
    window.removeEventListener("online", reopen);
    close();
  };
}
