import { createTokens } from "shared/auth/tokens";
import { settingsKey } from "shared/redis/keys";
import type { Redis } from "shared/redis/redis";
import { until } from "testing/until";
import { keysOf } from "testing/whole-store";
import { TOKEN_OPTIONS } from "../../../gateway/test/gateway-under-test.ts";
import { REGIONS, type Site } from "../site.ts";
import { checkSeasons, type SeasonsChecked } from "./check-seasons.ts";
import { type SeasonPlay, type SeasonPlayOptions, startSeasonPlay } from "./play-seasons.ts";

/** A board with short seasons on which players write beside a fault. */
export interface SeasonsBeside extends SeasonPlay {
  /**
   * Checks all seasons, and deletes the board. The players must have stopped.
   *
   * @param redises in which the services write by now, that of the accounts first; that of the site
   *   unless given
   */
  check(...redises: Redis[]): Promise<SeasonsChecked>;
}

export type SeasonsBesideOptions = Partial<Omit<SeasonPlayOptions, "board" | "adminToken">>;

/** Some boundaries in each run, as most faults take some seconds. */
export const EVERY_FIVE_SECONDS = "*/5 * * * * *";
const TOKEN_SECONDS = 4 * 3600;
let boards = 0;

export async function startSeasonsBeside(site: Site, options: SeasonsBesideOptions = {}): Promise<SeasonsBeside> {
  const adminToken = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, TOKEN_SECONDS);
  const board = `seasons-${++boards}`;
  const urls = options.urls ?? site.gateways.map(({ url }) => url);
  const play = await startSeasonPlay({ schedule: EVERY_FIVE_SECONDS, ...options, urls, adminToken, board });

  async function deleteBoard(redis: Redis): Promise<void> {
    const headers = { Authorization: `Bearer ${adminToken}` };
    const remove = () => fetch(`${site.gateways[0].url}/boards/${board}`, { method: "DELETE", headers });
    await until(remove, ({ status }) => status === 202 || status === 404);
    const setting = async () => (await redis.hget(settingsKey("boards"), board)) ?? "";
    await until(setting, (text) => text.endsWith(" null"));
  }

  return {
    ...play,
    async check(...given) {
      const redises = given.length === 0 ? [site.client] : given;
      const [home = site.client] = redises;
      const stores = { regions: REGIONS, redises, postgresUrl: site.postgresUrl };
      const checked = await checkSeasons(stores, play);
      await deleteBoard(home);
      for (const redis of redises) {
        for (const key of await keysOf(redis, `*:${board}@*`)) checked.verdict.faults.push(`${key} is left`);
      }
      return checked;
    },
  };
}
