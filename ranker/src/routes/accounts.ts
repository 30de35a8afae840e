import type { Session } from "shared/api/accounts";
import type { RankerOperations } from "shared/api/operations";
import { Problem } from "shared/api/problems";
import type { Identity, Tokens } from "shared/auth/tokens";
import { jsonReply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import type { Accounts } from "../accounts/accounts.ts";
import { clientNetworks } from "../accounts/client-networks.ts";
import { refuseGuessable } from "../accounts/passwords/password-rules.ts";
import type { ToRoute } from "./to-route.ts";

export interface AccountRouteDeps {
  accounts: Accounts;
  tokens: Tokens;
  /**
   * False where players come from an identity provider: another person could register a player's id
   * first.
   */
  registrationOpen: boolean;
}

/** `POST /auth/register` and `POST /auth/login`. */
export function accountRoutes(
  { register, login }: RankerOperations,
  toRoute: ToRoute,
  { accounts, tokens, registrationOpen }: AccountRouteDeps,
): Record<"register" | "login", Route> {
  const toSession = async (identity: Identity): Promise<Session> => ({
    token: await tokens.issue(identity),
    user: { user_id: identity.userId, name: identity.name, region: identity.region },
  });
  return {
    register: registrationOpen
      ? toRoute(register, async ({ body, incoming }) => {
          if (body.password !== undefined) await refuseGuessable(body.password, body);
          const identity = await accounts.register(body, clientNetworks(incoming));
          return jsonReply(await toSession(identity), 201);
        })
      : { method: register.method, path: register.path, handle: refuseRegistration },
    login: toRoute(login, async ({ body, incoming }) => {
      const identity = await accounts.login(body, clientNetworks(incoming));
      return jsonReply(await toSession(identity));
    }),
  };
}

async function refuseRegistration(): Promise<never> {
  throw new Problem("registration_closed", "Players of this server register with its identity provider.");
}
