import { setTimeout as delay } from "node:timers/promises";
import { createHistory, type History, type PlayerHistory } from "./history.ts";

/**
 * Operators who make, change and delete boards, and players who write on them, until they are
 * stopped.
 */
export interface BoardChurn {
  /** What no client should see, one line each. Empty in a good run. */
  readonly surprises: readonly string[];
  /** Boards that were made, used and deleted so far. */
  readonly deleted: number;
  /** The writes on the board that stays. */
  readonly history: History;
  /** Stops, and waits for what is under way. @returns which of the boards are there */
  stop(): Promise<Map<string, "open" | "deleted">>;
}

export interface BoardChurnOptions {
  /** The gateways, which get requests in turn. */
  urls: readonly string[];
  /** Of an admin. */
  adminToken: string;
  /** With their tokens; each of the boards gets scores of all of them. */
  players: readonly { userId: string; token: string }[];
  /** A board that is there, and that players write to. */
  stays: string;
  /** Boards that are made and deleted again and again. */
  changing: readonly string[];
}

interface Answer {
  status: number;
  body: { code?: string; score?: number; total?: number; rev?: number };
}

const ANSWER_TIMEOUT_MS = 5_000;
const RETRY_MS = 50;
const DELTA_MAX = 9;
/** The narrow bound: players pass it soon, and are refused while it holds. */
const NARROW = 30;

export function startBoardChurn(options: BoardChurnOptions): BoardChurn {
  const { urls, adminToken, players, stays, changing } = options;
  const surprises: string[] = [];
  const history = createHistory();
  const states = new Map<string, "open" | "deleted">(changing.map((id) => [id, "deleted"]));
  let isStopped = false;
  let deleted = 0;
  let turn = 0;
  /** The bound that holds, from the answer to one change until the next is sent. */
  let bound: { max: number } | undefined;

  async function ask(method: string, path: string, token: string, body?: object, more: Record<string, string> = {}) {
    try {
      const response = await fetch((urls[turn++ % urls.length] ?? "") + path, {
        method,
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}`, ...more },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      return { status: response.status, body: (await response.json()) as Answer["body"] };
    } catch {
      return { status: 503, body: {} };
    }
  }

  /** Repeats a request until an answer settles it. */
  async function settle(...asked: Parameters<typeof ask>): Promise<Answer> {
    for (;;) {
      const answer = await ask(...asked);
      if (answer.status !== 429 && answer.status !== 503) return answer;
      await delay(RETRY_MS);
    }
  }

  function expectAnswer(what: string, { status, body }: Answer, ...expected: (number | string)[]): void {
    if (expected.includes(status) || expected.includes(body.code ?? "")) return;
    surprises.push(`${what}: ${status} ${JSON.stringify(body)}`);
  }

  async function addOn(player: PlayerHistory, token: string): Promise<void> {
    const points = 1 + Math.floor(Math.random() * DELTA_MAX);
    const sent = history.begin(player, points);
    const held = bound;
    const key = { "Idempotency-Key": crypto.randomUUID() };
    const answer = await settle("POST", "/score/add", token, { delta: points, board: stays }, key);
    if (answer.body.code === "score_out_of_bounds") return sent.refuse();
    expectAnswer(`add on ${stays}`, answer, 200);
    if (answer.status !== 200) return;
    sent.acknowledge();
    const { score = 0 } = answer.body;
    if (held !== undefined && held === bound && score > held.max) {
      surprises.push(`${player.userId} got ${score} while the bound was ${held.max}`);
    }
  }

  async function writeOnStaying(): Promise<void> {
    const known = players.map(({ userId, token }) => ({ player: history.add(userId), token }));
    while (!isStopped) {
      await Promise.all(known.map(({ player, token }) => addOn(player, token)));
      await delay(RETRY_MS);
    }
  }

  /** Narrows and widens the bounds of the board that stays. */
  async function changeStaying(): Promise<void> {
    for (let n = 0; !isStopped; n++) {
      bound = undefined;
      const max = n % 2 === 0 ? NARROW * (1 + n) : null;
      const present = await settle("GET", `/boards/${stays}`, adminToken);
      const match = { "If-Match": `"${present.body.rev}"` };
      const answer = await settle("PUT", `/boards/${stays}`, adminToken, { bounds: { max } }, match);
      // 412: an earlier try was applied, and its answer lost.
      expectAnswer(`change of ${stays}`, answer, 200, "precondition_failed");
      if (max !== null && answer.status === 200) bound = { max };
      await delay(4 * RETRY_MS);
    }
  }

  async function make(id: string): Promise<void> {
    for (;;) {
      const answer = await settle("PUT", `/boards/${id}`, adminToken, {});
      if (answer.status === 200 || answer.status === 201) return;
      expectAnswer(`PUT ${id}`, answer, "board_being_deleted");
      await delay(RETRY_MS);
    }
  }

  async function makeUseDelete(id: string): Promise<void> {
    while (!isStopped) {
      await make(id);
      states.set(id, "open");
      for (const _ of urls) {
        const top = await settle("GET", `/top?board=${id}`, adminToken);
        expectAnswer(`GET /top of the new ${id}`, top, 200);
        if ((top.body.total ?? 0) > 0) surprises.push(`the new ${id} has ${top.body.total} entries`);
      }
      const score = 1 + Math.floor(Math.random() * DELTA_MAX);
      const writes = players.map(({ token }) => settle("POST", "/score/update", token, { score, board: id }));
      for (const answer of await Promise.all(writes)) expectAnswer(`a write on ${id}`, answer, 200);
      if (isStopped) return;
      // 404: an earlier try was applied, its answer lost, and the board purged since.
      expectAnswer(`DELETE ${id}`, await settle("DELETE", `/boards/${id}`, adminToken), 202, "board_not_found");
      states.set(id, "deleted");
      for (const _ of urls) {
        for (const path of [`/top?board=${id}`, `/rank/${players[0]?.userId}?board=${id}`, `/boards/${id}`]) {
          expectAnswer(`GET ${path}, deleted`, await settle("GET", path, adminToken), "board_not_found");
        }
        const write = await settle("POST", "/score/add", players[0]?.token ?? "", { delta: 1, board: id });
        expectAnswer(`a write on ${id}, deleted`, write, "board_not_found");
      }
      deleted++;
    }
  }

  const running = [writeOnStaying(), changeStaying(), ...changing.map(makeUseDelete)];
  return {
    surprises,
    history,
    get deleted() {
      return deleted;
    },
    async stop() {
      isStopped = true;
      await Promise.all(running);
      return states;
    },
  };
}
