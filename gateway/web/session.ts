import type { Session } from "shared/api/answers";

const KEY = "leaderboard.session";

/**
 * The session of this tab. It outlives a reload and ends with the tab; other tabs and other sites
 * do not see it. A script that does not belong here could read it, as it could a variable: the
 * page's policy lets none run.
 */
export function loadSession(): Session | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Session | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps the session, or forgets it; where the browser keeps nothing, it lasts as long as the page.
 */
export function saveSession(session: Session | undefined): void {
  try {
    if (session === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, JSON.stringify(session));
  } catch {
    // Storage is blocked.
  }
}
