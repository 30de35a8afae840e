/** Clients of a gateway or a ranker under test. */

import { createClient, type ErrorCode, LeaderboardError } from "leaderboard-client";
import type { Registration } from "shared/api/accounts";

/** The published client, with `post`, which answers as the server did and retries nothing. */
export function clientOf({ url }: { url: string }) {
  const client = createClient({ url });
  return {
    ...client,
    post(path: string, body: unknown, token?: string, more: Record<string, string> = {}): Promise<Response> {
      const headers = new Headers({ "Content-Type": "application/json", ...more });
      if (token !== undefined) headers.set("Authorization", `Bearer ${token}`);
      return fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    },
    /** @returns the token of a new player */
    register: async (player: Registration) => (await client.register(player)).token,
  };
}

/**
 * @returns the code that a call of the client fails with; undefined where it succeeds
 * @throws any other error
 */
export async function codeOf(call: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof LeaderboardError) return error.code;
    throw error;
  }
}
