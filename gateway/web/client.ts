import { createClient } from "shared/client";

/** Whoever waits looks at a button meanwhile: a few attempts, and then the reason. */
const RETRY = { attemptsMax: 3, totalMsMax: 6_000 };

/** The leaderboard that the page came from. */
export const client = createClient({ url: location.origin, retry: RETRY });
