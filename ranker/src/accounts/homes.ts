import { LRUCache } from "lru-cache";
import { Problem } from "shared/api/problems";
import type { Identity } from "shared/auth/tokens";
import { ACCOUNT_CHECK_MS } from "shared/base/deadlines";
import { askTogether } from "shared/base/gather-turn";
import { within } from "shared/base/within";
import { claimHomes, findHomes, type HomeSources, type PlayerInRegion } from "shared/homes/homes";
import { MAIN_BOARD } from "shared/redis/keys";

/** The homes of players without an account. */
export interface Homes {
  /**
   * Writes down the region of a player's first entry, and compares later ones with it. Does nothing
   * for a player with an account, whose region is that of the account.
   *
   * @param board that is written to, whose entries tell a home that is not kept
   * @throws Problem `wrong_region`; `unavailable` for a player whose home was never read here
   */
  claim(identity: Identity, board?: string): Promise<void>;
  /** @throws Problem `unavailable` */
  find(userId: string): Promise<string | undefined>;
}

// An active player costs one look-up in this time. An erased player may have another home after it.
const KEPT_MS = 1_000;
const KEPT_MAX = 20_000;
// Players of one turn share a call.
const PLAYERS_PER_CALL = 64;
// After a failure the store is left alone for this long, so that not every write waits for it.
const REST_AFTER_FAILURE_MS = 500;

/** @param now milliseconds of a monotonic clock */
export function createHomes(sources: HomeSources, now = performance.now.bind(performance)): Homes {
  const kept = new LRUCache<string, { home: string; untilMs: number }>({ max: KEPT_MAX });
  let restsUntilMs = Number.NEGATIVE_INFINITY;

  const claimOn = askTogether<string, PlayerInRegion, string>({
    questionsMax: PLAYERS_PER_CALL,
    nameOf: (board) => board,
    send: (board, players) => within(2 * ACCOUNT_CHECK_MS, claimHomes({ ...sources, board }, players)),
  });
  const findOne = askTogether<"homes", string, string | undefined>({
    questionsMax: PLAYERS_PER_CALL,
    nameOf: (place) => place,
    send: (_, userIds) => findHomes(sources, userIds),
  });

  async function read(userId: string, region: string, board = MAIN_BOARD): Promise<string> {
    if (restsUntilMs > now()) throw homesAway();
    try {
      const home = await claimOn(board, { user_id: userId, region });
      kept.set(userId, { home, untilMs: now() + KEPT_MS });
      return home;
    } catch (cause) {
      restsUntilMs = now() + REST_AFTER_FAILURE_MS;
      throw homesAway(cause);
    }
  }

  return {
    async claim({ userId, region, isExternal = false }, board) {
      if (!isExternal) return;
      const known = kept.get(userId);
      if (known !== undefined && known.untilMs > now() && known.home === region) return;
      const home = await read(userId, region, board).catch((error: unknown) => {
        if (known === undefined) throw error;
        return known.home;
      });
      if (home !== region) throw livesIn(home);
    },

    async find(userId) {
      try {
        return await findOne("homes", userId);
      } catch (cause) {
        throw homesAway(cause);
      }
    },
  };
}

/** The player, or the player with entries under an id to register, has another home region. */
export const livesIn = (home: string) => new Problem("wrong_region", `The player's home region is ${home}.`);

const homesAway = (cause?: unknown) =>
  new Problem("unavailable", "The store of accounts does not answer. Nothing was changed; try again.", { cause });
