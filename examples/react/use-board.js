import { applyChanges, createClient } from "leaderboard-client";
import { useEffect, useState } from "react";

/**
 * The best of a board, as it changes.
 *
 * @returns `board`, undefined until it has arrived, and `error`: a connection that was lost, which
 *   the client opens again, or the refusal that ended the stream
 */
export function useBoard({ url, region = "GLOBAL", board = "main", limit = 10 }) {
  const [shown, setShown] = useState({});
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const onLost = (error) => setShown(({ board: last }) => ({ board: last, error }));
    const onOpen = () => setShown(({ board: last }) => ({ board: last }));
    async function follow() {
      let state;
      const events = createClient({ url }).live({ region, board, limit }, { signal, onLost, onOpen });
      for await (const { event, data } of events) {
        if (event === "snapshot") state = data;
        else if (event === "change" && state !== undefined) state = applyChanges(state, data);
        if (state !== undefined) setShown({ board: state });
      }
    }
    setShown({});
    follow().catch((error) => {
      if (!signal.aborted) onLost(error);
    });
    return () => stop.abort();
  }, [url, region, board, limit]);
  return shown;
}
