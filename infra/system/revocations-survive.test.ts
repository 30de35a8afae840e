import { expect, test } from "bun:test";
import { readRevoked } from "shared/operators/revoked-tokens";
import { createTokenList } from "shared/operators/token-list";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { flushAll } from "testing/whole-store";
import { restore } from "../../drainer/src/restore/restore.ts";
import { startBothStores } from "./test/both-stores-under-test.ts";

const under = await forFile(startBothStores());
const { home } = under.sides.stores;
const settings = createSettings({ home, queueMax: 1_000 });
const tokens = createTokenList(settings);

test("the list of tokens and what was revoked come back with a restore of an emptied Redis", async () => {
  await under.clear();
  const [kept, revoked] = [
    await tokens.add({ name: "game-1", role: "writer", boards: ["main"] }, 3600),
    await tokens.add({ name: "root", role: "admin" }, 3600),
  ];
  await tokens.revoke(revoked.token_id);
  await under.drain();
  const before = await tokens.read();
  await flushAll(home);
  await restore(under.sides);
  expect(await tokens.read()).toEqual(before);
  expect(before.map(({ token_id, state }) => [token_id, state])).toEqual([
    [kept.token_id, "valid"],
    [revoked.token_id, "revoked"],
  ]);
  expect([...(await readRevoked(settings)).keys()]).toEqual([revoked.token_id]);
});
