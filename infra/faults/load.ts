import { setTimeout as delay } from "node:timers/promises";
import type { History, PlayerHistory } from "./history.ts";
import { REGIONS } from "./site.ts";

/** Clients that write until they are stopped. */
export interface Load {
  /** Answers that no client should get, one line each. Empty in a good run. */
  readonly surprises: readonly string[];
  /** Requests that got no answer in time, or whose connection broke. */
  readonly unanswered: number;
  /** Answers by status, and code where it is a problem: `200`, `503 unavailable`. */
  readonly answers: ReadonlyMap<string, number>;
  /**
   * Stops the clients, and waits for the writes under way.
   *
   * @throws Error where one is not settled in 30 s
   */
  stop(): Promise<void>;
}

export interface LoadOptions {
  /** The gateways, which get requests in turn. */
  urls: readonly string[];
  history: History;
  /** Clients that write at the same time. */
  lanes?: number;
  /** Pause of a client after a write. */
  pauseMs?: number;
  /** Sends a request. Defaults to `fetch`. */
  send?: (url: string, init: RequestInit) => Promise<Response>;
}

const LANES = 12;
const PAUSE_MS = 4;
// A client is promised an answer within a second; one after this time counts as none.
const ANSWER_TIMEOUT_MS = 5_000;
const RETRY_MS = 50;
// Longer than any fault, so that a run that hangs says why.
const STOP_TIMEOUT_MS = 30_000;
const POINTS_MAX = 9;

/** Sends one score write for a player. */
type Write = (player: Player) => Promise<void>;
interface Player extends PlayerHistory {
  token: string;
}

let runs = 0;

/**
 * Starts the clients. Each writes a player who adds, one who sets higher and higher scores and one
 * who adds without idempotency keys, and goes on registering players with a single write: repeated
 * writes of one player hide losses.
 */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { urls, history, lanes = LANES, pauseMs = PAUSE_MS, send = fetch } = options;
  const run = ++runs;
  const surprises: string[] = [];
  const answers = new Map<string, number>();
  let unanswered = 0;
  let stopped = false;
  let turn = 0;
  let registered = 0;

  /** Sends once. @returns the answer; undefined where none came */
  async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer | undefined> {
    try {
      const response = await send((urls[turn++ % urls.length] ?? "") + path, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      const answer = { status: response.status, body: (await response.json()) as Answer["body"] };
      const kind = [answer.status, answer.body.code ?? []].flat().join(" ");
      answers.set(kind, (answers.get(kind) ?? 0) + 1);
      return answer;
    } catch {
      unanswered++;
      return undefined;
    }
  }

  /** Repeats a request until an answer settles it. */
  async function postUntilSettled(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer> {
    for (;;) {
      const answer = await post(path, body, headers);
      if (answer !== undefined && answer.status !== 429 && answer.status !== 503) return answer;
      await delay(RETRY_MS);
    }
  }

  async function enter(): Promise<Player> {
    const index = registered++;
    const user_id = `p${run}-${index}`;
    const player = { user_id, name: `Player ${index}`, region: REGIONS[index % REGIONS.length] };
    const answer = await postUntilSettled("/auth/register", player);
    // 409 means that an earlier try succeeded, but its answer was lost.
    const entered = answer.status === 409 ? await postUntilSettled("/auth/login", player) : answer;
    if (entered.body.token === undefined) surprises.push(`${user_id} cannot enter: ${JSON.stringify(entered)}`);
    return Object.assign(history.add(user_id), { token: entered.body.token ?? "" });
  }

  /** Repeats the write under its idempotency key until the outcome is known. */
  async function writeKeyed(player: Player, path: string, body: object, points: number): Promise<void> {
    const sent = history.begin(player, points);
    const headers = { Authorization: `Bearer ${player.token}`, "Idempotency-Key": crypto.randomUUID() };
    const answer = await postUntilSettled(path, body, headers);
    if (answer.status === 200) return sent.acknowledge();
    surprises.push(`${path} of ${player.userId}: ${JSON.stringify(answer)}`);
  }

  const add: Write = (player) => {
    const delta = 1 + Math.floor(Math.random() * POINTS_MAX);
    return writeKeyed(player, "/score/add", { delta }, delta);
  };
  const raise: Write = (player) => writeKeyed(player, "/score/update", { score: player.acknowledged + 1 }, 1);
  const addPlainly: Write = async (player) => {
    const sent = history.begin(player, 1);
    const answer = await post("/score/add", { delta: 1 }, { Authorization: `Bearer ${player.token}` });
    if (answer?.status === 200) return sent.acknowledge();
    if (answer?.status === 429) return sent.refuse();
    if (answer?.status === 503 && answer.body.code !== "outcome_unknown") return sent.refuse();
    // Without an answer, or with outcome_unknown, the write stays unknown.
    if (answer !== undefined && answer.status !== 503) surprises.push(`plain add: ${JSON.stringify(answer)}`);
  };

  async function lane(players: readonly (readonly [Player, Write])[]): Promise<void> {
    for (let round = 0; !stopped; round++) {
      const [player, write] = players[round % players.length] ?? [await enter(), add];
      await write(player);
      if (round % players.length === 0) await add(await enter());
      await delay(pauseMs);
    }
  }

  const starting = Array.from({ length: lanes }, async () => [
    [await enter(), add] as const,
    [await enter(), raise] as const,
    [await enter(), addPlainly] as const,
  ]);
  const running = (await Promise.all(starting)).map(lane);
  return {
    surprises,
    answers,
    get unanswered() {
      return unanswered;
    },
    async stop() {
      stopped = true;
      const late = delay(STOP_TIMEOUT_MS, "late", { ref: false });
      if ((await Promise.race([Promise.all(running), late])) !== "late") return;
      throw new Error(`writes are still not settled: ${[...answers].join(" ")}, ${unanswered} unanswered`);
    },
  };
}

interface Answer {
  status: number;
  body: { code?: string; token?: string };
}
