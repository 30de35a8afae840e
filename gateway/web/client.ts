import { createClient } from "leaderboard-client";
import { createServerClock, fetchBy } from "./seasons/server-clock.ts";

// The player is waiting in front of a disabled button, so give up early and show the reason.
const RETRY = { attemptsMax: 3, totalMsMax: 6_000 };

/** The address of the page without its query; it ends with the prefix of a proxy. */
export const BASE = new URL(".", location.href);

/** The time of the server, by all answers to the page. */
export const serverClock = createServerClock();

const options = { url: BASE.href, fetch: fetchBy(serverClock, (url, init) => fetch(url, init)) };

/** The leaderboard that the page came from. */
export const client = createClient({ ...options, retry: RETRY });

/** The same, for what is asked again and again: a refusal is shown at once. */
export const oneTry = createClient({ ...options, retry: { attemptsMax: 1 } });
