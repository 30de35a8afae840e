import type { Shard, Topology } from "shared/model/regions";
import { accountDeadKey, accountLeaseKey, accountQueueKey, deadKey, leaseKey, queueKey } from "shared/redis/keys";

/** The keys of one queue: that of a shard, or that of the accounts. */
export interface QueueKeys {
  /** Content of the keys' hash tag; names the queue in logs and metrics. */
  readonly tag: string;
  readonly queue: string;
  readonly dead: string;
  readonly lease: string;
}

/**
 * The queue of one shard's scores. Its region says which Redis holds it and which database it goes
 * to.
 */
export interface ScoreQueue extends QueueKeys {
  region: string;
}

export const scoreQueueOf = (shard: Shard): ScoreQueue => ({
  tag: shard.tag,
  region: shard.region,
  queue: queueKey(shard),
  dead: deadKey(shard),
  lease: leaseKey(shard),
});

export const scoreQueuesOf = ({ shards }: Topology): ScoreQueue[] => shards.map(scoreQueueOf);

/** The queue of accounts: on the home Redis, for the home database. */
export const accountQueue: QueueKeys = {
  tag: "accounts",
  queue: accountQueueKey,
  dead: accountDeadKey,
  lease: accountLeaseKey,
};
