export type LiveState = "connecting" | "live" | "reconnecting" | "failed";

export interface LiveHandlers {
  /** By the name of the event. */
  on: Record<string, (data: unknown) => void>;
  onState?: (state: LiveState) => void;
}

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 15_000;

/**
 * Watches a stream for as long as the page can be seen. `EventSource` connects again by itself after a break, but gives up
 * at an error; then it is begun anew here, later and later.
 *
 * @returns how to stop
 */
export function watch(url: string, { on, onState = () => {} }: LiveHandlers): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = RETRY_FIRST_MS;

  function open(): void {
    close();
    const opened = new EventSource(url);
    source = opened;
    opened.onopen = () => {
      retryMs = RETRY_FIRST_MS;
      onState("live");
    };
    opened.onerror = () => {
      if (opened.readyState === EventSource.CONNECTING) return onState("reconnecting");
      onState("failed");
      timer = setTimeout(open, retryMs * (0.75 + Math.random() / 2));
      retryMs = Math.min(2 * retryMs, RETRY_MAX_MS);
    };
    for (const [name, take] of Object.entries(on)) {
      opened.addEventListener(name, ({ data }: MessageEvent<string>) => take(JSON.parse(data)));
    }
  }

  function close(): void {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  }

  // A browser has six connections to a host: those of pages that nobody looks at are missing elsewhere.
  function follow(): void {
    if (document.visibilityState === "hidden") close();
    else if (source === undefined) open();
  }

  const retryNow = () => {
    if (document.visibilityState !== "hidden" && source?.readyState !== EventSource.OPEN) open();
  };
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("online", retryNow);
  onState("connecting");
  follow();
  return () => {
    document.removeEventListener("visibilitychange", follow);
    window.removeEventListener("online", retryNow);
    close();
  };
}
