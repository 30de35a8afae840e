import postgres from "postgres";
import { MAIN_BOARD } from "shared/redis/keys";
import { type Submits, submitAtRate } from "./submits.ts";

export interface Probed {
  /** From the answer to a write until a poll of PostgreSQL shows it or a newer one. */
  latenciesMs: number[];
  faults: string[];
}

const POLL_MS = 2;
// A write that is not visible by then counts as lost.
const VISIBLE_WITHIN_MS = 30_000;

/** Submits for one player after another, and polls PostgreSQL for each write until it is there. */
export async function probeCommits(postgresUrl: string, submits: Omit<Submits, "onAccepted">): Promise<Probed> {
  const pending = new Map<string, { versionUs: number; acknowledgedAtMs: number }>();
  const latenciesMs: number[] = [];
  let lost = 0;
  let refused: number | undefined;
  const onAccepted: Submits["onAccepted"] = ({ user_id, updated_at }) =>
    void pending.set(user_id, { versionUs: toUs(updated_at), acknowledgedAtMs: performance.now() });
  const until = submits.until.catch(() => {}); // the caller handles its error
  const submitting = submitAtRate({ ...submits, until, onAccepted }).then((count) => (refused = count));
  await using stack = new AsyncDisposableStack();
  const sql = stack.adopt(postgres(postgresUrl, { max: 1 }), (pool) => pool.end());
  stack.defer(async () => void (await submitting));

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
}

const toFaults = (count: number, what: string) => (count > 0 ? [`${count} probes ${what}`] : []);

/** `2026-01-02T03:04:05.678901Z` in microseconds. */
const toUs = (time: string) => Date.parse(`${time.slice(0, 23)}Z`) * 1000 + Number(time.slice(23, 26));
