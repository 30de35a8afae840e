import type { Client } from "leaderboard-client";
import { wait } from "shared/base/wait";
import { bar, createProgress, type Progress, rate } from "shared/command/progress";
import { inLanes } from "./in-lanes.ts";
import {
  type Acknowledged,
  awaitResults,
  createAcknowledged,
  describeEnded,
  type EndedSeason,
} from "./season-results.ts";
import { deleteSeasonsBoard, lengthOf, makeSeasonsBoard, SEASONS, SEASONS_BOARD } from "./seasons-board.ts";

export interface SeasonsOptions {
  url: string;
  /** How long the seasons may take together. */
  seconds: number;
  concurrency: number;
  json: boolean;
  /** Stops the demo; the board is deleted all the same. */
  signal: AbortSignal;
}

const POINTS_MAX = 100;
const LOOK_MS = 50;

/**
 * Plays on a board of which some seasons end meanwhile, and tells what became of each.
 *
 * @throws Error where one is not final in time; LeaderboardError; the reason of the signal
 */
export async function playSeasons(
  admin: Client,
  players: readonly Client[],
  { url, seconds, concurrency, json, signal: stopped }: SeasonsOptions,
): Promise<EndedSeason[]> {
  const progress = createProgress();
  function tell(text: string): void {
    progress.end(); // leaves its line
    if (!json) process.stdout.write(`${text}\n`);
  }
  const length = lengthOf(seconds);
  await makeSeasonsBoard(admin, length);
  tell(`A season ends every ${length} seconds: ${url}/?board=${SEASONS_BOARD}`);
  const acknowledged = createAcknowledged();
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, stopped]);
  try {
    const [ended] = await Promise.all([
      follow(admin, { acknowledged, signal, tell }).finally(() => over.abort()),
      play(players, { acknowledged, concurrency, seconds: length * SEASONS, signal, progress }),
    ]);
    await deleteSeasonsBoard(admin);
    return ended;
  } catch (error) {
    over.abort();
    await deleteSeasonsBoard(admin).catch(() => {}); // the next demo deletes it
    throw error;
  }
}

/** Tells the results of each season, from the first one that a player wrote in. */
async function follow(
  client: Client,
  { acknowledged, signal, tell }: { acknowledged: Acknowledged; signal: AbortSignal; tell: (text: string) => void },
): Promise<EndedSeason[]> {
  const ended: EndedSeason[] = [];
  while (ended.length < SEASONS) {
    const [first] = acknowledged.seasons();
    const next = (first ?? 0) + ended.length;
    if (first === undefined || (acknowledged.seasons().at(-1) ?? 0) <= next) {
      await wait(LOOK_MS, signal);
      continue;
    }
    const results = await awaitResults(client, next, { acknowledged, signal });
    ended.push(results);
    tell(describeEnded(results));
  }
  return ended;
}

interface Playing {
  acknowledged: Acknowledged;
  concurrency: number;
  /** How long it takes, for the bar. */
  seconds: number;
  signal: AbortSignal;
  progress: Progress;
}

async function play(
  players: readonly Client[],
  { acknowledged, concurrency, seconds, signal, progress }: Playing,
): Promise<void> {
  const startedAt = performance.now();
  let submits = 0;
  await inLanes(concurrency, async () => {
    if (signal.aborted) return false;
    const player = players[Math.floor(Math.random() * players.length)];
    if (player === undefined) return false;
    const points = 1 + Math.floor(Math.random() * POINTS_MAX);
    acknowledged.note(await player.addScore({ delta: points, board: SEASONS_BOARD }));
    const elapsedMs = performance.now() - startedAt;
    progress.show(bar("scores", elapsedMs / 1_000, seconds, `${++submits} submits, ${rate(submits, elapsedMs)}`));
    return true;
  });
  progress.end();
}
