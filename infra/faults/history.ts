/**
 * The writes of a run, their answers, and the scores that may follow from them.
 *
 * Every write is worth points: the `delta` of an add, or by how much a set raises the score. One
 * client alone writes a player, one write after another. The score must then be at least the sum of
 * the acknowledged writes, and at most that plus the unknown ones.
 */

export interface PlayerHistory {
  readonly userId: string;
  /** Points of the acknowledged writes. */
  acknowledged: number;
  /** Points of writes whose outcome is unknown. */
  unknown: number;
}

/** A write that has been sent: it may be applied even without an answer. */
export interface Sent {
  acknowledge(): void;
  /** For an answer that promises that nothing was changed. */
  refuse(): void;
}

/** The outcome of a run, in points. */
export interface Verdict {
  /** Acknowledged, but not in the stores. */
  lost: number;
  /** In the stores, but not sent. */
  doubled: number;
  /** One line for each player whose score is wrong. */
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
  /** Compares every player's score with the writes. A player without a score has 0. */
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
