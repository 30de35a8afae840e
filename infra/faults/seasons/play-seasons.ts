import { setTimeout as delay } from "node:timers/promises";
import { REGIONS } from "../site.ts";
import { startModerator } from "./moderate-seasons.ts";
import { createSeasonHistory, type SeasonAnswer, type SeasonHistory } from "./season-history.ts";

/** Players who add points on a board with short seasons, until they are stopped. */
export interface SeasonPlay {
  readonly board: string;
  readonly history: SeasonHistory;
  /** What no client should see, one line each. Empty in a good run. */
  readonly surprises: readonly string[];
  /** Answers by status and code. */
  readonly answers: ReadonlyMap<string, number>;
  /** Players who were erased; undefined without moderators. */
  readonly erased: ReadonlySet<string> | undefined;
  /**
   * Stops the players, and waits for the writes under way.
   *
   * @throws Error where one is not settled in 60 s
   */
  stop(): Promise<void>;
}

export interface SeasonPlayOptions {
  /** The gateways, which get requests in turn. */
  urls: readonly string[];
  /** Of an admin. */
  adminToken: string;
  board: string;
  /** Cron with seconds in front. */
  schedule: string;
  /** Players who write at the same time. */
  lanes?: number;
  /** Pause of a player after a write. */
  pauseMs?: number;
  /**
   * Whether half of the players have idempotency keys, as by default. A store that loses data loses
   * the kept answers, too, so that a repeat counts twice.
   */
  hasKeys?: boolean;
  /** Whether a moderator hides, shows and erases players meanwhile. */
  isModerated?: boolean;
}

interface Answer {
  status: number;
  body: Partial<SeasonAnswer> & { code?: string; token?: string };
}

interface Player {
  userId: string;
  token: string;
}

/** A write whose answer is known, and how it was asked for. */
interface Kept {
  key: string;
  points: number;
  answer: SeasonAnswer;
}

const LANES = 4;
const PAUSE_MS = 20;
const ANSWER_TIMEOUT_MS = 5_000;
const RETRY_MS = 50;
const STOP_TIMEOUT_MS = 60_000;
const POINTS_MAX = 9;
/** One of so many writes under a key is sent once more after a season has ended. */
const REPEAT_EVERY = 10;

/** Makes the board, and starts the players: half of them with keys, and half without. */
export async function startSeasonPlay(options: SeasonPlayOptions): Promise<SeasonPlay> {
  const { urls, adminToken, board, schedule, lanes = LANES, pauseMs = PAUSE_MS } = options;
  const { hasKeys = true, isModerated = false } = options;
  const history = createSeasonHistory();
  const surprises: string[] = [];
  const answers = new Map<string, number>();
  let isStopped = false;
  let turn = 0;

  async function send(method: string, path: string, body: object, headers: Record<string, string> = {}) {
    try {
      const response = await fetch((urls[turn++ % urls.length] ?? "") + path, {
        method,
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      const answer: Answer = { status: response.status, body: (await response.json()) as Answer["body"] };
      const kind = [answer.status, answer.body.code ?? []].flat().join(" ");
      answers.set(kind, (answers.get(kind) ?? 0) + 1);
      return answer;
    } catch {
      answers.set("none", (answers.get("none") ?? 0) + 1);
      return undefined;
    }
  }

  /** Repeats a request until an answer settles it. */
  async function settle(...asked: Parameters<typeof send>): Promise<Answer> {
    for (;;) {
      const answer = await send(...asked);
      if (answer !== undefined && answer.status !== 429 && answer.status !== 503) return answer;
      await delay(RETRY_MS);
    }
  }

  const userIdOf = (n: number) => `${board}-${n}`;

  async function enter(n: number): Promise<Player> {
    const userId = userIdOf(n);
    const player = { user_id: userId, name: `Player ${n}`, region: REGIONS[n % REGIONS.length] };
    const answer = await settle("POST", "/auth/register", player);
    const entered = answer.status === 409 ? await settle("POST", "/auth/login", player) : answer;
    return { userId, token: entered.body.token ?? "" };
  }

  const writeOf = (points: number) => ({ board, score: points });
  const newPoints = () => 1 + Math.floor(Math.random() * POINTS_MAX);

  function toSeasonAnswer({ body }: Answer): SeasonAnswer {
    const { season = 0, starts_at = "", ends_at = "", updated_at = "" } = body;
    return { season, starts_at, ends_at, updated_at };
  }

  /** Repeats the write under its key until the outcome is known. */
  async function addKeyed({ userId, token }: Player): Promise<Kept | undefined> {
    const [points, key] = [newPoints(), crypto.randomUUID()];
    const sent = history.begin(userId, points);
    const headers = { Authorization: `Bearer ${token}`, "Idempotency-Key": key };
    const answer = await settle("POST", "/score/submit", writeOf(points), headers);
    if (answer.status !== 200) {
      surprises.push(`${userId}: ${JSON.stringify(answer)}`);
      return undefined;
    }
    const inSeason = toSeasonAnswer(answer);
    sent.acknowledge(inSeason);
    return { key, points, answer: inSeason };
  }

  /** The repeat of a write is answered as the first time, also where its season has ended. */
  async function repeat({ userId, token }: Player, { key, points, answer }: Kept): Promise<void> {
    const headers = { Authorization: `Bearer ${token}`, "Idempotency-Key": key };
    const again = await settle("POST", "/score/submit", writeOf(points), headers);
    const [then, now] = [answer, toSeasonAnswer(again)].map((each) => JSON.stringify(each));
    if (then !== now) surprises.push(`${userId} got ${then}, and at the repeat ${now}`);
  }

  async function addPlainly({ userId, token }: Player): Promise<void> {
    const points = newPoints();
    const sent = history.begin(userId, points);
    const answer = await send("POST", "/score/submit", writeOf(points), { Authorization: `Bearer ${token}` });
    if (answer?.status === 200) return sent.acknowledge(toSeasonAnswer(answer));
    // Without an answer, or with outcome_unknown, the write stays unknown.
    if (answer === undefined || answer.body.code === "outcome_unknown") return;
    sent.refuse();
    if (answer.status !== 429 && answer.status !== 503) surprises.push(`${userId}: ${JSON.stringify(answer)}`);
  }

  async function lane(player: Player, n: number): Promise<void> {
    let kept: Kept | undefined;
    let newest = 0;
    for (let round = 0; !isStopped; round++) {
      if (!hasKeys || n % 2 === 0) await addPlainly(player);
      else {
        const written = await addKeyed(player);
        newest = Math.max(newest, written?.answer.season ?? 0);
        if (kept !== undefined && kept.answer.season < newest) {
          await repeat(player, kept);
          kept = undefined;
        }
        if (round % REPEAT_EVERY === 0) kept = written;
      }
      await delay(pauseMs);
    }
  }

  const definition = { operator: "add", operators: ["add"], season: { schedule } };
  const made = await settle("PUT", `/boards/${board}`, definition, { Authorization: `Bearer ${adminToken}` });
  if (made.status !== 201 && made.status !== 200) surprises.push(`PUT ${board}: ${JSON.stringify(made)}`);
  const numbers = Array.from({ length: lanes }, (_, n) => n);
  const entered = await Promise.all(numbers.map(enter));
  const players = entered.map(({ userId }) => userId);
  const moderator = isModerated ? startModerator({ urls, adminToken, board, players }) : undefined;
  const running = Promise.all(entered.map(lane));
  running.catch(() => {}); // thrown by stop
  return {
    board,
    history,
    surprises,
    answers,
    erased: moderator?.erased,
    async stop() {
      isStopped = true;
      const late = delay(STOP_TIMEOUT_MS, "late", { ref: false });
      const done = Promise.all([running, moderator?.stop()]);
      if ((await Promise.race([done, late])) !== "late") {
        surprises.push(...(moderator?.surprises ?? []));
        return;
      }
      throw new Error(`writes in seasons are still not settled: ${[...answers].join(" ")}`);
    },
  };
}
