import type { LeaderboardError } from "leaderboard-client";
import { byId } from "../dom.ts";
import { formatClock } from "../format.ts";
import { toReadRefusal } from "../refusal.ts";
import type { LiveState } from "../watch.ts";

export interface FreshnessOptions {
  /** What `live` means at the present place. */
  nameLive: () => { text: string; isFinal: boolean };
  /** Called when what is shown becomes out of date, or is up to date again. */
  onOld: (isOld: boolean) => void;
}

const TEXTS = {
  connecting: "Connecting",
  reconnecting: "Reconnecting",
  failed: "Not connected",
  offline: "Offline",
};

/** The line that says how the page gets its entries, and the notice that they are out of date. */
export function createFreshness({ nameLive, onOld }: FreshnessOptions) {
  const line = byId("state", HTMLElement);
  const notice = byId("notice", HTMLElement);
  let shownAt: Date | undefined;

  function showNotice(text: string): void {
    notice.hidden = text === "";
    notice.textContent = text;
    onOld(text !== "");
  }

  const outdated = (why: string) =>
    shownAt === undefined ? `${why} This page goes on trying.` : `${why} Shown as of ${formatClock(shownAt)}.`;

  return {
    /** Nothing is shown yet, at another place. */
    reset(): void {
      shownAt = undefined;
      showNotice("");
    },
    /** Entries have come. */
    update(): void {
      shownAt = new Date();
    },
    /** Tells how the connection is, and why where it is not there. */
    show(now: LiveState, error?: LeaderboardError): void {
      const shown = now === "live" || navigator.onLine ? now : "offline";
      const { text, isFinal } = shown === "live" ? nameLive() : { text: TEXTS[shown], isFinal: false };
      line.dataset.state = isFinal ? "final" : shown;
      // A screen reader would read the same text out again.
      if (line.textContent !== text) line.textContent = text;
      if (shown === "offline") showNotice(outdated("You are offline."));
      else if (now === "live" && shownAt !== undefined) showNotice("");
      else if (now === "failed") showNotice(outdated(toReadRefusal(error).detail));
    },
    /** The server cannot read the entries, but says so. */
    markStale: () => showNotice(outdated("The board cannot be read at the moment.")),
    markFresh: () => showNotice(""),
  };
}
