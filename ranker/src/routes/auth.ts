import type { Session } from "shared/api/answers";
import { Problem } from "shared/api/problems";
import { requestSchemas } from "shared/api/requests";
import type { Identity } from "shared/auth/tokens";
import { readJson } from "shared/http/body";
import { fromContext } from "shared/http/incoming";
import { clientNetworks } from "../accounts/client-networks.ts";
import { refuseGuessable } from "../accounts/password-rules.ts";
import type { RankerApp, RankerDeps } from "../app.ts";

/** `POST /auth/register` and `POST /auth/login`. */
export function authRoutes(app: RankerApp, deps: RankerDeps): void {
  const { accounts, tokens, topology, passwordsRequired, registrationOpen } = deps;
  const { registration, credentials } = requestSchemas(topology, passwordsRequired);
  const answer = async (identity: Identity): Promise<Session> => ({
    token: await tokens.issue(identity),
    user: { user_id: identity.userId, name: identity.name, region: identity.region },
  });

  app.post("/auth/register", async (c) => {
    if (!registrationOpen) {
      throw new Problem("registration_closed", "Players of this server register with its identity provider.");
    }
    const player = await readJson(fromContext(c), registration);
    if (player.password !== undefined) await refuseGuessable(player.password, player);
    return c.json(await answer(await accounts.register(player, clientNetworks(c))), 201);
  });
  app.post("/auth/login", async (c) =>
    c.json(await answer(await accounts.login(await readJson(fromContext(c), credentials), clientNetworks(c)))),
  );
}
