/**
 * The writes on a board with seasons, their answers, and the scores that may follow from them.
 *
 * Every write is an `add` under its own points, and each answer names the season of its write. So
 * a player has, in each season, at least the points of the answers that named it, and over all
 * seasons at most the unknown points more.
 */

import { fromIsoTime } from "shared/base/times";
import type { Sent, Verdict } from "../history.ts";

/** What an answer to a write says of its season. */
export interface SeasonAnswer {
  season: number;
  starts_at: string;
  ends_at: string;
  updated_at: string;
}

/** Microseconds: a version of the season is at or behind `startsAt`, and before `endsAt`. */
export interface SeasonTimes {
  startsAt: number;
  endsAt: number;
}

/** One player's entry in one season, as the stores have it. */
export interface SeasonEntry {
  season: number;
  userId: string;
  score: number;
  /** Microseconds. */
  updatedAt: number;
}

export interface SentInSeason extends Pick<Sent, "refuse"> {
  acknowledge(answer: SeasonAnswer): void;
}

export interface SeasonHistory {
  begin(userId: string, points: number): SentInSeason;
  /** Acknowledged writes. */
  readonly writes: number;
  /** The longest time without an acknowledgement, in milliseconds. */
  readonly longestOutageMs: number;
  /** The times of each season that an answer named. */
  readonly times: ReadonlyMap<number, SeasonTimes>;
  /** Compares the entries of all seasons with the answers. */
  judge(entries: readonly SeasonEntry[]): Verdict;
}

interface Player {
  /** Points of the acknowledged writes, by season. */
  acknowledged: Map<number, number>;
  unknown: number;
}

const FAULTS_MAX = 20;

export function createSeasonHistory(): SeasonHistory {
  const players = new Map<string, Player>();
  const times = new Map<number, SeasonTimes>();
  const faults: string[] = [];
  let writes = 0;
  let longestOutageMs = 0;
  let lastAcknowledgedAt = Number.POSITIVE_INFINITY;

  function playerOf(userId: string): Player {
    const player = players.get(userId) ?? { acknowledged: new Map(), unknown: 0 };
    players.set(userId, player);
    return player;
  }

  /** An answer lies within its season, and all answers of a season give it the same times. */
  function note(userId: string, answer: SeasonAnswer): void {
    const { season } = answer;
    const [startsAt, endsAt, at] = [answer.starts_at, answer.ends_at, answer.updated_at].map(fromIsoTime);
    if (startsAt === undefined || endsAt === undefined || at === undefined || at < startsAt || at >= endsAt) {
      faults.push(`${userId} got ${JSON.stringify(answer)}`);
      return;
    }
    const known = times.get(season) ?? { startsAt, endsAt };
    times.set(season, known);
    if (known.startsAt !== startsAt || known.endsAt !== endsAt) {
      faults.push(`season ${season} was from ${known.startsAt} to ${known.endsAt}, then from ${startsAt} to ${endsAt}`);
    }
  }

  return {
    times,
    get writes() {
      return writes;
    },
    get longestOutageMs() {
      return longestOutageMs;
    },
    begin(userId, points) {
      const player = playerOf(userId);
      player.unknown += points;
      const settle = () => {
        player.unknown -= points;
      };
      return {
        refuse: settle,
        acknowledge(answer) {
          settle();
          note(userId, answer);
          player.acknowledged.set(answer.season, (player.acknowledged.get(answer.season) ?? 0) + points);
          writes++;
          longestOutageMs = Math.max(longestOutageMs, performance.now() - lastAcknowledgedAt);
          lastAcknowledgedAt = performance.now();
        },
      };
    },
    judge(entries) {
      const verdict: Verdict = { lost: 0, doubled: 0, faults: [...faults] };
      const found = Map.groupBy(entries, ({ userId }) => userId);
      for (const userId of new Set([...players.keys(), ...found.keys()])) {
        const { acknowledged, unknown } = players.get(userId) ?? {
          acknowledged: new Map<number, number>(),
          unknown: 0,
        };
        const scores = new Map<number, number>();
        for (const { season, score } of found.get(userId) ?? []) {
          if (scores.has(season)) verdict.faults.push(`${userId} is in season ${season} twice`);
          scores.set(season, score);
        }
        let surplus = 0;
        for (const season of new Set([...acknowledged.keys(), ...scores.keys()])) {
          const more = (scores.get(season) ?? 0) - (acknowledged.get(season) ?? 0);
          if (more > 0) surplus += more;
          verdict.lost += Math.max(0, -more);
          if (more < 0) verdict.faults.push(`${userId} lacks ${-more} points in season ${season}`);
        }
        verdict.doubled += Math.max(0, surplus - unknown);
        if (surplus > unknown) {
          verdict.faults.push(`${userId} has ${surplus} points more than were acknowledged, ${unknown} were unknown`);
        }
      }
      verdict.faults.splice(FAULTS_MAX);
      return verdict;
    },
  };
}
