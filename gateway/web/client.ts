import { createClient } from "shared/client";

// The player is waiting in front of a disabled button, so give up early and show the reason.
const RETRY = { attemptsMax: 3, totalMsMax: 6_000 };

/** The leaderboard that the page came from. */
export const client = createClient({ url: location.origin, retry: RETRY });
