import { createTopology, GLOBAL, shardOf } from "shared/model/regions";
import { MAIN_BOARD } from "shared/redis/keys";

/** The region of all players that write or are read. */
export const REGION = "EU";
export const OTHER_REGIONS = [GLOBAL, "ASIA", "NA"];
export const TOPOLOGY = createTopology([...OTHER_REGIONS, REGION], 1, [MAIN_BOARD]);
/** The one shard of `REGION`. */
export const SHARD = shardOf(TOPOLOGY, REGION, "");

/** `REGION` alone, on so many shards. */
export const toOneRegion = (shards: number) => createTopology([REGION], shards, [MAIN_BOARD]);
