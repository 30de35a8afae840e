import { type Client, LeaderboardError } from "leaderboard-client";

export interface Player {
  user_id: string;
  name: string;
  region: string;
}

const ATTEMPTS_MAX = 10;
// After these codes the player may or may not be registered. `enter` registers again, and
// `user_exists` shows that the first attempt succeeded.
const UNKNOWN = new Set(["outcome_unknown", "no_answer"]);

/** Registers a player, or logs in the one that an earlier demo registered. */
export async function enter(client: Client, player: Player, password: string | undefined): Promise<Client> {
  const secret = password === undefined ? {} : { password };
  for (let attempt = 1; ; attempt++) {
    try {
      return client.as((await client.register({ ...player, ...secret })).token);
    } catch (error) {
      if (!(error instanceof LeaderboardError)) throw error;
      if (error.code === "user_exists") break;
      if (attempt === ATTEMPTS_MAX || !UNKNOWN.has(error.code)) throw error;
    }
  }
  const { user_id, name } = player;
  return client.as((await client.login({ user_id, name, ...secret })).token);
}
