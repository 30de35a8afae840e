import { expect } from "bun:test";
import type { Identity } from "shared/auth/tokens";
import { player } from "../../../ranker/test/ranker-under-test.ts";
import type { Ask, Asked } from "./ask.ts";
import type { Meet } from "./definitions.ts";
import type { Gateways } from "./gateways.ts";

const GUEST = "POST /auth/guest";
const PASSWORD = "POST /auth/password";
const REFRESH = "POST /auth/refresh";
const NAME = "PATCH /auth/me";

const device_id = "a-device-of-these-tests";
const own: [route: string, body?: object][] = [
  [REFRESH],
  [NAME, { name: "Another" }],
  [PASSWORD, { password: "battery staple" }],
];

const enter = ({ ranker }: Gateways, user_id: string): Promise<Identity> =>
  ranker.accounts.register({ user_id, name: "Own", region: "EU" });

/** Every success of guests, and of players on their own accounts. */
export async function askOwnAccounts(ask: Ask, gateways: Gateways): Promise<void> {
  for (const status of ["201", "200"]) expect(await ask(GUEST, { body: { device_id, region: "eu" } })).toBe(status);
  const as = await enter(gateways, "own");
  for (const [route, body] of own) expect([route, await ask(route, { body, as })]).toEqual([route, "200"]);
}

/** Provokes every problem of these routes. */
export async function meetOwnProblems(meet: Meet, ask: Ask, gateways: Gateways): Promise<void> {
  await meet("registration_closed", GUEST, { body: { region: "EU" }, via: "provided" });
  await meet("queue_full", GUEST, { body: { region: "EU" }, via: "full" });
  await meet("invalid_request", GUEST, { body: {} });
  await meet("outcome_unknown", GUEST, { body: { region: "EU" }, via: "broken" });
  const as = await enter(gateways, "own-problems");
  for (const [route, body] of own) {
    await meet("missing_token", route, { body });
    await meet("invalid_token", route, { body, as: player("own-problems") });
    await meet("forbidden", route, { body, operator: "root" });
    await meet("no_upstream", route, { body, as, via: "alone" });
  }
  for (const route of [PASSWORD, NAME]) {
    await meet("invalid_request", route, { body: {}, as });
    await meet("queue_full", route, { body: own.find(([each]) => each === route)?.[1], as, via: "full" });
  }
  const root: Asked = { target: "/players/own-problems/rename", body: { name: "Player 7" }, operator: "root" };
  await ask("POST /players/{userId}/rename", root);
  await meet("name_given", NAME, { body: { name: "Another" }, as });
  const set = await enter(gateways, "own-password");
  await ask(PASSWORD, { body: { password: "battery staple" }, as: set });
  await meet("bad_credentials", "POST /auth/login", { body: { user_id: "own-password", password: "wrong" } });
}
