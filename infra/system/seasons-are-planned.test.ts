import { expect, test } from "bun:test";
import { createTokens } from "shared/auth/tokens";
import { settingsKey } from "shared/redis/keys";
import { createSettings } from "shared/settings/settings";
import { forFile } from "testing/for-file";
import { clientOf, codeOf } from "testing/services/client";
import { runLb } from "testing/services/run-lb";
import { until } from "testing/until";
import { TOKEN_OPTIONS } from "../../gateway/test/gateway-under-test.ts";
import { type ServiceMember, startSite } from "../faults/site.ts";

const site = await forFile(startSite({ drainers: 2 }));
const [gateway] = site.gateways;
const [first, second] = site.drainers as [ServiceMember, ServiceMember];
const client = clientOf(gateway);
const root = client.as(await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600));
const settings = createSettings({ home: site.client, queueMax: 1_000 });
const weekly = { schedule: "0 0 * * 1", zone: "Europe/Paris" };

test("the answer to a PUT has the running season, and so has the list", async () => {
  const made = await root.putBoard("cup", { season: weekly });
  expect(made.running).toMatchObject({ season: 1, ends_at: made.next[0] ?? "" });
  expect(made.next.length).toBe(2);
  expect(await client.readBoard("cup")).toEqual(made);
  const { boards } = await client.listBoards();
  expect(boards.find(({ id }) => id === "cup")).toEqual(made);
});

test("lb makes a board with seasons, and changes their schedule", async () => {
  const token = await createTokens(TOKEN_OPTIONS).issueOperator({ name: "root" }, 3600);
  const env = { ...site.storesEnv, LEADERBOARD_TOKEN: token };
  const lb = (...args: string[]) => runLb(["board", ...args, "--url", `http://127.0.0.1:${gateway.port}`], env);
  const options = ["--title", "Cup", "--schedule", "0 0 * * 1", "--zone", "Europe/Paris", "--keep", "10"];
  expect(await lb("create", "of-lb", ...options)).toMatchObject({ code: 0, out: "of-lb  made\n" });
  expect((await lb("edit", "of-lb", "--schedule", "0 18 * * 5")).out).toBe("of-lb  changed: season\n");
  expect((await lb("show", "of-lb")).out).toMatch(/^season +1, from .* to .*$/m);
  expect((await client.readBoard("of-lb")).season).toMatchObject({ schedule: "0 18 * * 5", zone: "Europe/Paris" });
});

test("a board that is deleted and made again begins with its first season", async () => {
  const before = await root.putBoard("again", { season: weekly });
  await root.deleteBoard("again");
  await until(async () => (await codeOf(root.putBoard("again", { season: weekly }))) === undefined);
  const { running } = await until(
    () => client.readBoard("again"),
    (board) => board.running !== null,
  );
  expect(running).toMatchObject({ season: 1 });
  expect(Date.parse(running?.starts_at ?? "")).toBeGreaterThan(Date.parse(before.running?.starts_at ?? ""));
});

const untilPlanned = (id: string) =>
  until(
    () => client.readBoard(id),
    ({ running }) => running?.season === 1,
  );

test("when either drainer is killed, the other one plans", async () => {
  for (const [n, drainer] of [first, second].entries()) {
    await drainer.kill();
    await root.putBoard(`after-${n}`, { season: weekly });
    await untilPlanned(`after-${n}`);
    await drainer.start();
  }
});

test("while no drainer runs a board is made without a plan, which the first one that runs makes", async () => {
  await Promise.all([first.kill(), second.kill()]);
  expect(await root.putBoard("alone", { season: weekly })).toMatchObject({ running: null, next: [] });
  await first.start();
  await untilPlanned("alone");
});

test("a plan that the home Redis loses comes back as it was", async () => {
  await root.putBoard("lost", { season: weekly });
  await untilPlanned("lost");
  await site.drained();
  const kept = await settings.read("seasons", "lost");
  await site.client.hdel(settingsKey("seasons"), "lost");
  expect((await runLb(["reconcile", "--fix"], site.storesEnv)).code).toBe(0);
  expect(await settings.read("seasons", "lost")).toEqual(kept);
});
