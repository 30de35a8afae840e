import type { Session } from "shared/api/accounts";
import type { RankerOperations } from "shared/api/operations";
import { Problem } from "shared/api/problems";
import type { Identity, Tokens } from "shared/auth/tokens";
import { jsonReply } from "shared/http/reply";
import type { Route } from "shared/http/serve";
import type { Accounts } from "../accounts/accounts.ts";
import { clientNetworks } from "../accounts/client-networks.ts";
import type { EnterAsGuest } from "../accounts/guests/enter-as-guest.ts";
import type { OwnSession } from "../accounts/own-session.ts";
import type { ChangePasswords } from "../accounts/passwords/change-passwords.ts";
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
  /** Undefined where the server takes no guests. */
  enterAsGuest: EnterAsGuest | undefined;
  changePasswords: ChangePasswords;
  ownSession: OwnSession;
}

/** `/auth/…`. */
export function accountRoutes(
  { register, login, guest, setPassword, refresh, changeName }: RankerOperations,
  toRoute: ToRoute,
  { accounts, tokens, registrationOpen, enterAsGuest, changePasswords, ownSession }: AccountRouteDeps,
): Record<"register" | "login" | "guest" | "setPassword" | "refresh" | "changeName", Route> {
  const toSession = async (identity: Identity): Promise<Session> => ({
    token: await tokens.issue(identity),
    user: { user_id: identity.userId, name: identity.name, region: identity.region },
  });
  const reply = async (identity: Identity, status = 200) => jsonReply(await toSession(identity), status);
  return {
    guest: enterAsGuest
      ? toRoute(guest, async ({ body }) => {
          const { identity, isNew } = await enterAsGuest(body);
          return reply(identity, isNew ? 201 : 200);
        })
      : { method: guest.method, path: guest.path, handle: refuseGuests },
    setPassword: toRoute(setPassword, async ({ caller, body, incoming }) =>
      reply(await changePasswords.set(requireOwn(caller), body, clientNetworks(incoming))),
    ),
    refresh: toRoute(refresh, async ({ caller }) => reply(await ownSession.refresh(requireOwn(caller)))),
    changeName: toRoute(changeName, async ({ caller, body }) =>
      reply(await ownSession.rename(requireOwn(caller), body.name)),
    ),
    register: registrationOpen
      ? toRoute(register, async ({ body, incoming }) => {
          if (body.password !== undefined) await refuseGuessable(body.password, body);
          const identity = await accounts.register(body, clientNetworks(incoming));
          return reply(identity, 201);
        })
      : { method: register.method, path: register.path, handle: refuseRegistration },
    login: toRoute(login, async ({ body, incoming }) => {
      const identity = await accounts.login(body, clientNetworks(incoming));
      return reply(identity);
    }),
  };
}

/** @throws Problem `registration_closed` for a player of the identity provider */
function requireOwn(caller: Identity): Identity {
  if (!caller.isExternal) return caller;
  throw new Problem("registration_closed", "The account of this player is at the identity provider.");
}

async function refuseGuests(): Promise<never> {
  throw new Problem("registration_closed", "This server takes no guests.");
}

async function refuseRegistration(): Promise<never> {
  throw new Problem("registration_closed", "Players of this server register with its identity provider.");
}
