import type { Topology } from "shared/model/regions";
import { accountDeadKey, accountLeaseKey, accountQueueKey, deadKey, leaseKey, queueKey } from "shared/redis/keys";
import type { QueueKeys } from "./queue.ts";

/** The queue of one shard's scores; its region says which Redis it is on and which database it goes to. */
export interface ScoreQueue extends QueueKeys {
  region: string;
}

export const scoreQueuesOf = ({ shards }: Topology): ScoreQueue[] =>
  shards.map((shard) => ({
    tag: shard.tag,
    region: shard.region,
    queue: queueKey(shard),
    dead: deadKey(shard),
    lease: leaseKey(shard),
  }));

/** The queue of accounts: on the home Redis, to the home database. */
export const accountQueue: QueueKeys = {
  tag: "accounts",
  queue: accountQueueKey,
  dead: accountDeadKey,
  lease: accountLeaseKey,
};
