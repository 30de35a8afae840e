import type { Log } from "../log/log.ts";
import type { Topology } from "../model/regions.ts";
import { accountKeys, answersKeyPrefix, boardKeys, erasedKeyPrefix, regionBucketKey } from "../redis/keys.ts";
import type { Redis } from "../redis/redis.ts";
import { isRefusal } from "../redis/reply-error.ts";
import { defineScript } from "../redis/scripts/define-script.ts";
import source from "./missing-rights.lua" with { type: "text" };
import type { Stores } from "./stores.ts";
import { UnfitStore } from "./unfit-store.ts";

/** Commands that a service, or a script of it, sends on keys. */
export type Rights = readonly string[];

const VALUES = "GET MGET SET DEL EXISTS UNLINK TIME HGET HMGET HSET HDEL LPUSH LLEN LRANGE".split(" ");
const BOTH = VALUES.concat("ZADD ZREM ZSCORE ZCARD ZRANGEBYLEX HSCAN".split(" "));
export const RANKER_RIGHTS: Rights = BOTH.concat("EXPIRE TTL RENAME HGETALL HLEN ZCOUNT ZREVRANGE ZREVRANK".split(" "));
/** Of commands of `./lb`, too. */
export const DRAINER_RIGHTS: Rights = BOTH.concat("LINDEX LREM LTRIM RPUSH PTTL ZSCAN SCAN".split(" "));
const GATEWAY_RIGHTS: Rights = ["TIME", "MGET", "SET"];

const script = defineScript({
  name: "missing-rights",
  source,
  parse: (reply) => reply as [commands: string[], keys: string[]],
});

/** Keys of one slot, one of each kind; the first is the one that commands are tried on. */
type Sample = readonly [first: string, ...others: string[]];

const ANYONE = "anyone";

/** One key of each kind that the accounts have. */
const accountSample = (): Sample => {
  const { clock, ...others } = accountKeys(ANYONE);
  return [clock, ...Object.values(others)];
};

/** One key of each kind that the shards of a region have. */
export function shardSample({ shards, configuredBoards: [board = ""] }: Topology, region: string): Sample {
  const shard = shards.find((each) => each.region === region);
  if (shard === undefined) throw new RangeError("the region is not configured");
  const { clock, ...others } = boardKeys(shard, board);
  return [clock, ...Object.values(others), answersKeyPrefix(shard) + ANYONE, erasedKeyPrefix(shard) + ANYONE];
}

/**
 * Checks that the user of a store may do what a service does there: Redis checks each command of a
 * script, so that a missing right would show in the first request.
 *
 * @param regions whose entries the service touches there
 * @throws UnfitStore that says what to allow; what Redis throws where it cannot answer now
 */
export async function checkRights(
  redis: Redis,
  rights: Rights,
  { topology, regions, withAccounts }: { topology: Topology; regions: readonly string[]; withAccounts: boolean },
): Promise<void> {
  const samples = regions.map((region) => shardSample(topology, region));
  if (withAccounts) samples.push(accountSample());
  for (const sample of samples) await checkSample(redis, rights, sample);
}

/**
 * Logs a store that answers and does not let a gateway count in it: without it each gateway counts
 * by itself, and together they let more through than the limits say.
 */
export async function warnWithoutBuckets(stores: Pick<Stores, "of">, regions: readonly string[], log: Log) {
  for (const region of regions) {
    try {
      await checkSample(stores.of(region), GATEWAY_RIGHTS, [regionBucketKey(region)]);
    } catch (error) {
      if (error instanceof UnfitStore)
        log.error({ region, err: error }, "redis does not let this gateway count limits");
    }
  }
}

async function checkSample(redis: Redis, rights: Rights, [first, ...others]: Sample): Promise<void> {
  let missing: Awaited<ReturnType<typeof script>>;
  try {
    missing = await script(redis, [first], [rights.length, ...rights, ...others]);
  } catch (error) {
    if (isRefusal(error)) throw new UnfitStore(explain(error.message, first), { cause: error });
    throw error;
  }
  const [commands, keys] = missing;
  const allow: string[] = commands.map((command) => `+${command.toLowerCase()}`);
  if (allow.length > 0) {
    throw new UnfitStore(
      `Redis does not let its user run ${commands.join(", ")}: allow ${allow.join(" ")}, or +@all -@admin -@dangerous +info.`,
    );
  }
  if (keys.length > 0) throw new UnfitStore(`Redis does not let its user use ${keys.join(", ")}: allow its keys ~*.`);
}

/** What is wrong where not even the script runs, which asks for the rights. */
function explain(reply: string, key: string): string {
  const text = reply.replace(/\.$/, "");
  const isKey = /\bkeys?\b/.test(text) && !/\bcommand\b/.test(text);
  const advice = isKey
    ? `services use keys such as ${key}, so allow its user ~*`
    : "services run scripts, so allow its user +@scripting";
  return `Redis answers, but with an error: ${text}: ${advice}.`;
}
