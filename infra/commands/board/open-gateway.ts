import { type Client, createClient, LeaderboardError } from "leaderboard-client";
import { createTokens } from "shared/auth/tokens";
import { ConfigError, type Environment, parseFields } from "shared/service/environment";
import { tokenFields, toTokenOptions } from "shared/service/token-config";
import { STACK_URL } from "../../start/environment.ts";
import { explainRefusal, gatewayUrl } from "../connect/gateway-url.ts";

/** A variable with the token of an admin. */
const TOKEN = "LEADERBOARD_TOKEN";
// A game server's token of a lower role may stand under the same name.
const REFUSED_TOKENS: ReadonlySet<string> = new Set(["invalid_token", "forbidden", "role_required"]);
/** Longer than any command waits for one answer, also behind its retries. */
const SIGNED_FOR_SECONDS = 600;

/**
 * Works with a gateway, and says in a person's words what it refused.
 *
 * @param asked.url of `--url`; else the gateway of the environment
 * @throws Error for a gateway that does not answer, and for a refusal that `work` does not catch
 */
export async function withGateway<T>(
  { url: given, env, token }: { url: string | undefined; env: Environment; token?: string | undefined },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const url = given ?? gatewayUrl(env);
  try {
    await createClient({ url, retry: { attemptsMax: 1 } }).health(); // one that does not answer is not retried
    return await work(createClient(token === undefined ? { url } : { url, token, readsWithToken: true }));
  } catch (error) {
    if (!(error instanceof LeaderboardError)) throw error;
    const isToken = REFUSED_TOKENS.has(error.code);
    const advice = isToken ? `: set ${TOKEN} to an admin's token of that deployment (./lb token make)` : "";
    throw new Error(`${explainRefusal(error, url)}${advice}`, { cause: error });
  }
}

/**
 * An admin's token: the one in the environment, or one that is signed with the secret there.
 *
 * @throws ConfigError where there is neither; and for a gateway that is not the embedded stack's,
 *   whose secret stands in the environment
 */
export async function adminToken(url: string | undefined, env: Environment): Promise<string> {
  const token = env[TOKEN];
  if (token !== undefined && token !== "") return token;
  const stack = env[STACK_URL];
  const isElsewhere = stack !== undefined && url !== undefined && url !== stack;
  if (isElsewhere || (env.JWT_SECRET ?? "") === "") {
    const where = isElsewhere ? "of that gateway" : "(./lb token make), or JWT_SECRET";
    throw new ConfigError([`${TOKEN} is required: an admin's token ${where}`]);
  }
  return signToken(env);
}

/** Of the actions that read. */
export const READ_NOTES = `It needs a token for boards that operators alone read: an operator's in ${TOKEN}, or one that it signs with JWT_SECRET for
the gateway of npm start. Ends with 0; with 1 where it failed.`;

/**
 * A token to read with, where the environment has one. None is signed for a gateway that `--url`
 * names and that is not the embedded stack's: the secret may be another deployment's.
 */
export async function readersToken(url: string | undefined, env: Environment): Promise<string | undefined> {
  const token = env[TOKEN];
  if (token !== undefined && token !== "") return token;
  const isOurs = url === undefined || url === env[STACK_URL];
  return isOurs && (env.JWT_SECRET ?? "") !== "" ? signToken(env) : undefined;
}

function signToken(env: Environment): Promise<string> {
  const settings = parseFields(tokenFields, env);
  return createTokens(toTokenOptions(settings)).issueOperator({ name: "lb" }, SIGNED_FOR_SECONDS);
}
