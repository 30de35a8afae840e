import postgres from "postgres";
import { MAIN_BOARD } from "shared/redis/keys";
import { toNumberedId } from "../stage/players.ts";
import { startSubmits } from "./submits.ts";

export interface ProbeOptions {
  /** Of a ranker. */
  url: string;
  /** Of the players from number 0 on. */
  tokens: readonly string[];
  postgresUrl: string;
  perSecond: number;
  /** Probes are sent until it settles. */
  until: Promise<unknown>;
}

export interface Probed {
  /** From the answer to a write until a poll of PostgreSQL shows it or a newer one. */
  latenciesMs: number[];
  faults: string[];
}

const POLL_MS = 2;
// A write that is not visible by then counts as lost.
const VISIBLE_WITHIN_MS = 30_000;

/** Submits for one player after another, and looks in PostgreSQL for each write until it is there. */
export async function probeVisibility(options: ProbeOptions): Promise<Probed> {
  const { url, tokens, postgresUrl, perSecond, until } = options;
  const pending = new Map<string, { versionUs: number; acknowledgedAtMs: number }>();
  const latenciesMs: number[] = [];
  let sent = 0;
  const submits = startSubmits({
    url,
    tokens,
    perSecond,
    next: () => sent++ % tokens.length,
    onAccepted(player, { updated_at }) {
      const acknowledgedAtMs = performance.now();
      pending.set(toNumberedId(player), { versionUs: toUs(updated_at), acknowledgedAtMs });
    },
  });
  let refused: number | undefined;
  const stop = async () => {
    refused = await submits.stop();
  };
  const stopped = until.then(stop, stop);

  const sql = postgres(postgresUrl, { max: 1 });
  try {
    let lost = 0;
    while (refused === undefined || pending.size > 0) {
      await Bun.sleep(POLL_MS);
      if (pending.size === 0) continue;
      const rows = await sql<{ user_id: string; version_us: string }[]>`
        SELECT user_id, (extract(epoch FROM updated_at) * 1000000)::bigint::text AS version_us FROM leaderboard
        WHERE board = ${MAIN_BOARD} AND user_id = ANY(${[...pending.keys()]})`;
      const seenAtMs = performance.now();
      const versions = new Map(rows.map(({ user_id, version_us }) => [user_id, Number(version_us)]));
      for (const [userId, { versionUs, acknowledgedAtMs }] of pending) {
        const waitedMs = seenAtMs - acknowledgedAtMs;
        if ((versions.get(userId) ?? 0) >= versionUs) latenciesMs.push(waitedMs);
        else if (waitedMs > VISIBLE_WITHIN_MS) lost++;
        else continue;
        pending.delete(userId);
      }
    }
    return { latenciesMs, faults: [...toFaults(refused, "were refused"), ...toFaults(lost, "never became visible")] };
  } finally {
    await stopped;
    await sql.end();
  }
}

const toFaults = (count: number, what: string) => (count > 0 ? [`${count} probes ${what}`] : []);

/** `2026-01-02T03:04:05.678901Z` in microseconds. */
const toUs = (time: string) => Date.parse(`${time.slice(0, 23)}Z`) * 1000 + Number(time.slice(23, 26));
