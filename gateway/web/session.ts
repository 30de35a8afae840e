import type { Session } from "shared/api/accounts";
import { BASE } from "./client.ts";

// Pages of one origin share the storage, and each prefix of a proxy may be another leaderboard.
const KEY = `leaderboard.session ${BASE.pathname}`;

/**
 * The session of this tab: it survives a reload, ends with the tab, and other tabs do not see it.
 * An injected script could read it like any variable, but the page's policy lets none run.
 */
export function loadSession(): Session | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Session | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores or removes the session. If the browser blocks storage, it lasts as long as the page. */
export function saveSession(session: Session | undefined): void {
  try {
    if (session === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(session));
  } catch {
    // The browser blocks storage.
  }
}
