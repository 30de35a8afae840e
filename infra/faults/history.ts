/**
 * What the clients of a run sent and what they were told, and what must be true of the stores afterwards.
 *
 * Every write is worth some points: what an `add` adds, or by how much a `set` raises the score. A player is written by
 * one client alone, one write after another, so that the score must be the sum of what was acknowledged, and at most
 * the sum of what may have been applied.
 */

export interface PlayerHistory {
  readonly userId: string;
  /** Points of the acknowledged writes. */
  acknowledged: number;
  /** Points of writes whose outcome nobody has told. */
  unknown: number;
}

/** A write on its way: it may be applied from now on, whatever its client will be told. */
export interface Sent {
  acknowledge(): void;
  /** The answer promised that nothing was changed. */
  refuse(): void;
}

/** What became of the writes, in points. */
export interface Verdict {
  /** Acknowledged, and not there. */
  lost: number;
  /** There, though nobody has sent them. */
  doubled: number;
  /** A line a player whose score is wrong. */
  faults: string[];
}

export interface History {
  add(userId: string): PlayerHistory;
  begin(player: PlayerHistory, points: number): Sent;
  readonly players: readonly PlayerHistory[];
  /** Acknowledged writes. */
  readonly writes: number;
  /** The longest time without an acknowledgement, in milliseconds. */
  readonly longestOutageMs: number;
  /** Holds every player's score against what was sent; a player without a score has 0. */
  judge(scores: ReadonlyMap<string, number>): Verdict;
}

export function createHistory(now: () => number = performance.now.bind(performance)): History {
  const players: PlayerHistory[] = [];
  let writes = 0;
  let longestOutageMs = 0;
  let lastAcknowledgedAt = Number.POSITIVE_INFINITY;
  return {
    players,
    get writes() {
      return writes;
    },
    get longestOutageMs() {
      return longestOutageMs;
    },
    add(userId) {
      const player = { userId, acknowledged: 0, unknown: 0 };
      players.push(player);
      return player;
    },
    begin(player, points) {
      player.unknown += points;
      const settle = () => {
        player.unknown -= points;
      };
      return {
        refuse: settle,
        acknowledge() {
          settle();
          player.acknowledged += points;
          writes++;
          longestOutageMs = Math.max(longestOutageMs, now() - lastAcknowledgedAt);
          lastAcknowledgedAt = now();
        },
      };
    },
    judge(scores) {
      const verdict: Verdict = { lost: 0, doubled: 0, faults: [] };
      for (const { userId, acknowledged, unknown } of players) {
        const score = scores.get(userId) ?? 0;
        const lost = Math.max(0, acknowledged - score);
        const doubled = Math.max(0, score - acknowledged - unknown);
        verdict.lost += lost;
        verdict.doubled += doubled;
        if (lost + doubled > 0) {
          verdict.faults.push(`${userId} has ${score}: ${acknowledged} were acknowledged, ${unknown} more were sent`);
        }
      }
      return verdict;
    },
  };
}
