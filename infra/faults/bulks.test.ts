import { expect, test } from "bun:test";
import { setTimeout as delay } from "node:timers/promises";
import type { WrittenScores } from "shared/api/scores";
import { createTokens } from "shared/auth/tokens";
import { forFile } from "testing/for-file";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { createHistory } from "./history.ts";
import type { Member } from "./member.ts";
import { scaled } from "./scale.ts";
import { REGIONS, startSite } from "./site.ts";

const site = await forFile(startSite({ rankers: 2, gateways: 2 }));
const token = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "game" }, 3600);

const PLAYERS = 60;
const OFTEN = 20;
/** Longer than a bulk of this length takes, so that some kills come in the middle of one. */
const KILL_WITHIN_MS = 25;

/** One player of a match each, and one who is in it many times. */
const items = Array.from({ length: PLAYERS + OFTEN }, (_, n) => ({
  user_id: n < PLAYERS ? `p${n}` : "often",
  region: n < PLAYERS ? REGIONS[n % REGIONS.length] : "EU",
  operation: "add",
  value: 1,
}));

async function send(url: string, key: string): Promise<WrittenScores["items"] | undefined> {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}`, "Idempotency-Key": key };
  try {
    const answer = await fetch(`${url}/scores`, { method: "POST", headers, body: JSON.stringify({ items }) });
    return answer.status === 200 ? ((await answer.json()) as WrittenScores).items : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Repeats the call until all of its items stand.
 *
 * @returns how many of them an earlier call wrote
 */
async function sendUntilWritten(key: string): Promise<number> {
  for (let tries = 0; ; tries++) {
    const { url } = site.gateways[tries % 2] ?? site.gateways[0];
    const answered = await send(url, key);
    if (answered?.every(({ status }) => status === 200)) return answered.filter((each) => each.replayed).length;
    await delay(20);
  }
}

const victims: [name: string, members: readonly [Member, ...Member[]]][] = [
  ["ranker", site.rankers],
  ["gateway", site.gateways],
  ["Redis", [site.redis]],
];
const rounds = scaled(3, 15);

test("after kill -9 in the middle of a bulk, the call repeated under its key counts each item once", async () => {
  let replayed = 0;
  for (const [name, members] of victims) {
    for (let n = 0; n < rounds; n++) {
      const written = sendUntilWritten(`${name}-${n}`);
      await delay(Math.random() * KILL_WITHIN_MS);
      await members[n % members.length]?.crash();
      replayed += await written;
    }
  }
  expect(replayed).toBeGreaterThan(0);
  const history = createHistory();
  const total = victims.length * rounds;
  for (let n = 0; n < PLAYERS; n++) history.add(`p${n}`).acknowledged = total;
  history.add("often").acknowledged = total * OFTEN;
  expect(await site.verify(history)).toEqual({ lost: 0, doubled: 0, faults: [] });
}, 120_000);
