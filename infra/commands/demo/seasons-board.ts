import { type Client, LeaderboardError } from "leaderboard-client";
import { wait } from "shared/base/wait";

/** The board whose seasons end while the demo plays. The demo makes it, and deletes it. */
export const SEASONS_BOARD = "demo-seasons";
export const SEASONS = 3;

// Each divides a minute, so that all seasons but the first are of one length.
const LENGTHS = [60, 30, 20, 15, 10, 5, 3, 2];

/** Seconds of a season, of which so many fit the time of the demo. */
export const lengthOf = (seconds: number): number => LENGTHS.find((each) => each * SEASONS <= seconds) ?? 2;

/** Where the demo is killed, the seasons of its board go on. */
const KEPT = 10;
const ASK_AGAIN_MS = 100;
const MAKE_MS_MAX = 30_000;

/** Deletes and makes the board: an earlier demo that was killed may have left one. */
export async function makeSeasonsBoard(admin: Client, seconds: number): Promise<void> {
  await deleteSeasonsBoard(admin);
  const schedule = `${seconds === 60 ? "0" : `*/${seconds}`} * * * * *`;
  for (const startedAt = performance.now(); ; ) {
    try {
      await admin.putBoard(SEASONS_BOARD, {
        title: "Seasons of the demo",
        operator: "add",
        season: { schedule, keep: KEPT },
      });
      return;
    } catch (error) {
      const isGoing = error instanceof LeaderboardError && error.code === "board_being_deleted";
      if (!isGoing || performance.now() - startedAt > MAKE_MS_MAX) throw error;
    }
    await wait(ASK_AGAIN_MS, undefined);
  }
}

export async function deleteSeasonsBoard(admin: Client): Promise<void> {
  await admin.deleteBoard(SEASONS_BOARD).catch((error: unknown) => {
    if (!(error instanceof LeaderboardError) || error.code !== "board_not_found") throw error;
  });
}
