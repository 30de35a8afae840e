import postgres from "postgres";
import type { Entry } from "shared/api/entries";
import { MAIN_BOARD } from "shared/redis/keys";
import { toPlayerId } from "./numbered-players.ts";

export interface ProbeOptions {
  /** Of a ranker. */
  url: string;
  /** Of the players from number 0 on. */
  tokens: readonly string[];
  postgresUrl: string;
  perSecond: number;
  /** Settles when there is nothing to probe any more. */
  until: Promise<unknown>;
}

export interface Probed {
  /** From the answer to a write until PostgreSQL showed it or a newer one: a poll too late at the most. */
  latenciesMs: number[];
  faults: string[];
}

interface Probe {
  versionUs: number;
  acknowledgedAtMs: number;
}

const POLL_MS = 2;
// Beyond this a write is not late, but lost.
const VISIBLE_WITHIN_MS = 30_000;

/** Submits at this rate, one player after another, and looks in PostgreSQL for each until it is there. */
export async function probeVisibility(options: ProbeOptions): Promise<Probed> {
  const { url, tokens, postgresUrl, perSecond, until } = options;
  const pending = new Map<string, Probe>();
  const latenciesMs: number[] = [];
  let next = 0;
  let underWay = 0;
  let refused = 0;

  async function submit(): Promise<void> {
    const number = next++ % tokens.length;
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${tokens[number]}` };
    try {
      const response = await fetch(`${url}/score/add`, { method: "POST", headers, body: '{"delta":5}' });
      const entry = (await response.json()) as Entry;
      const acknowledgedAtMs = performance.now();
      if (response.ok) pending.set(toPlayerId(number), { versionUs: toUs(entry.updated_at), acknowledgedAtMs });
      else refused++;
    } catch {
      refused++;
    } finally {
      underWay--;
    }
  }

  const timer = setInterval(() => {
    underWay++;
    void submit();
  }, 1000 / perSecond);
  let isOver = false;
  const stop = () => {
    isOver = true;
    clearInterval(timer);
  };
  until.then(stop, stop);

  const sql = postgres(postgresUrl, { max: 1 });
  try {
    let lost = 0;
    while (!isOver || underWay > 0 || pending.size > 0) {
      await Bun.sleep(POLL_MS);
      if (pending.size === 0) continue;
      const rows = await sql<{ user_id: string; version_us: string }[]>`
        SELECT user_id, (extract(epoch FROM updated_at) * 1000000)::bigint::text AS version_us FROM leaderboard
        WHERE board = ${MAIN_BOARD} AND user_id = ANY(${[...pending.keys()]})`;
      const seenAtMs = performance.now();
      const versions = new Map(rows.map(({ user_id, version_us }) => [user_id, Number(version_us)]));
      for (const [userId, { versionUs, acknowledgedAtMs }] of pending) {
        const waitedMs = seenAtMs - acknowledgedAtMs;
        const isVisible = (versions.get(userId) ?? 0) >= versionUs;
        if (isVisible) latenciesMs.push(waitedMs);
        else if (waitedMs > VISIBLE_WITHIN_MS) lost++;
        else continue;
        pending.delete(userId);
      }
    }
    return { latenciesMs, faults: [...toFaults(refused, "were refused"), ...toFaults(lost, "never came")] };
  } finally {
    await sql.end();
  }
}

const toFaults = (count: number, what: string) => (count > 0 ? [`${count} probes ${what}`] : []);

/** `2026-01-02T03:04:05.678901Z` in microseconds. */
const toUs = (time: string) => Date.parse(`${time.slice(0, 23)}Z`) * 1000 + Number(time.slice(23, 26));
