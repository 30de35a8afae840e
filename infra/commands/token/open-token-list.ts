import { REPLICA_WAIT_MS } from "shared/base/deadlines";
import { createTokenList, type TokenList } from "shared/operators/token-list";
import { createReplicaWait } from "shared/redis/replica-wait";
import type { Environment } from "shared/service/environment";
import { createSettings } from "shared/settings/settings";
import { openHome } from "../open-stores.ts";

/** The list of tokens, until the command ends. */
export interface OpenTokenList extends Disposable {
  tokens: TokenList;
}

// A token can be revoked although the drainer is behind: one event is no danger to the queue.
const QUEUE_MAX = Number.MAX_SAFE_INTEGER;

/** @throws ConfigError where the home Redis does not answer */
export async function openTokenList(env: Environment): Promise<OpenTokenList> {
  const { home, isReplicated, [Symbol.dispose]: close } = await openHome("token", env);
  const confirm = isReplicated ? createReplicaWait(REPLICA_WAIT_MS) : undefined;
  const tokens = createTokenList(createSettings({ home, confirm, queueMax: QUEUE_MAX }));
  return { tokens, [Symbol.dispose]: close };
}
