import { setTimeout as delay } from "node:timers/promises";
import type { ErasedPlayer } from "shared/api/players";
import { REGIONS } from "../site.ts";

/** A moderator who hides and shows players, and erases others soon after they came. */
export interface SeasonModerator {
  /** What the moderator should not see, one line each. */
  readonly surprises: readonly string[];
  /** Players who are erased: nothing of them may be left anywhere. */
  readonly erased: ReadonlySet<string>;
  /** Shows all players, erases those who were to be, and waits for what is under way. */
  stop(): Promise<void>;
}

export interface SeasonModeratorOptions {
  urls: readonly string[];
  /** Of an admin. */
  adminToken: string;
  board: string;
  /** Who are hidden and shown again. */
  players: readonly string[];
  pauseMs?: number;
}

const PAUSE_MS = 200;
const RETRY_MS = 50;
const ANSWER_TIMEOUT_MS = 5_000;
/** Players who wait for their erasure: some are erased after the season in which they wrote. */
const WAITING_MAX = 20;

export function startModerator(options: SeasonModeratorOptions): SeasonModerator {
  const { urls, adminToken, board, players, pauseMs = PAUSE_MS } = options;
  const surprises: string[] = [];
  const erased = new Set<string>();
  const waiting: string[] = [];
  let isStopped = false;
  let turn = 0;
  let made = 0;

  async function send(method: string, path: string, body: object | null, token: string) {
    try {
      const response = await fetch((urls[turn++ % urls.length] ?? "") + path, {
        method,
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: body === null ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      return { status: response.status, body: (await response.json()) as Partial<ErasedPlayer> & { token?: string } };
    } catch {
      return undefined;
    }
  }

  /** Repeats an act until an answer settles it. */
  async function act(method: string, path: string, body: object | null, expected: number, token = adminToken) {
    for (;;) {
      const answer = await send(method, path, body, token);
      if (answer !== undefined && answer.status !== 429 && answer.status !== 503) {
        if (answer.status !== expected) surprises.push(`${method} ${path}: ${JSON.stringify(answer)}`);
        return answer;
      }
      await delay(RETRY_MS);
    }
  }

  async function hideAndShow(): Promise<void> {
    for (let n = 0; !isStopped; n++) {
      const userId = players[n % players.length];
      if (userId === undefined) return;
      await act("POST", `/players/${userId}/hide`, {}, 200);
      await delay(pauseMs * (n % 5));
      await act("POST", `/players/${userId}/unhide`, {}, 200);
      await delay(pauseMs);
    }
  }

  async function erase(userId: string): Promise<void> {
    await act("DELETE", `/players/${userId}`, null, 200);
    erased.add(userId);
  }

  /** An operator writes for players who never registered. */
  async function comeAndGo(): Promise<void> {
    while (!isStopped) {
      const n = made++;
      const userId = `${board}-gone-${n}`;
      const body = { name: userId, region: REGIONS[n % REGIONS.length], board, score: 1 };
      await act("POST", `/players/${userId}/score`, body, 200);
      waiting.push(userId);
      if (waiting.length > WAITING_MAX) {
        const [chosen] = waiting.splice(Math.floor(Math.random() * waiting.length), 1);
        await erase(chosen ?? "");
      }
      await delay(pauseMs);
    }
    for (const userId of waiting) await erase(userId);
  }

  const running = Promise.all([hideAndShow(), comeAndGo()]);
  running.catch(() => {}); // thrown by stop
  return {
    surprises,
    erased,
    async stop() {
      isStopped = true;
      await running;
    },
  };
}
