import { setTimeout as delay } from "node:timers/promises";

export interface Player {
  user_id: string;
  name: string;
  region: string;
  token: string;
}

/** What the server answered with, when it was no success. */
export class RequestFailed extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
    this.name = "RequestFailed";
  }
}

export interface Client {
  /** Registers a player; logs in the one that an earlier demo registered. */
  enter(player: Omit<Player, "token">, password: string | undefined): Promise<Player>;
  /** Adds points, once, however often it has to be sent. */
  add(player: Player, delta: number): Promise<void>;
  top(limit: number): Promise<{ total: number; entries: TopEntry[] }>;
  /** Requests that were asked to come back later. */
  readonly postponed: number;
}

export interface TopEntry {
  rank: number;
  user_id: string;
  name: string;
  region: string;
  score: number;
}

const ATTEMPTS_MAX = 60;
const RECONNECT_MS = 250;

/** A client as it should be: it waits when told to (429, 503), and repeats a write under the same key. */
export function createClient(url: string): Client {
  let postponed = 0;
  let hasAnswered = false;

  /** Nothing here changes more by being sent twice; a server that has never answered is not there, though. */
  async function send(path: string, init: RequestInit): Promise<Response | undefined> {
    try {
      const response = await fetch(url + path, init);
      hasAnswered = true;
      return response;
    } catch (error) {
      if (!hasAnswered) throw error;
      return undefined;
    }
  }

  async function request(path: string, init: RequestInit = {}): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      const response = await send(path, init);
      if (response === undefined && attempt < ATTEMPTS_MAX) {
        await delay(RECONNECT_MS);
        continue;
      }
      if (response === undefined) throw new RequestFailed(0, "no_answer", "The server does not answer any more.");
      const body = (await response.json()) as { code?: string; detail?: string };
      if (response.ok) return body;
      const retryAfter = response.headers.get("Retry-After");
      if (retryAfter === null || attempt === ATTEMPTS_MAX) {
        throw new RequestFailed(response.status, body.code ?? "", body.detail ?? response.statusText);
      }
      postponed++;
      await delay(Number(retryAfter) * 1000);
    }
  }

  const post = (path: string, body: object, headers: Record<string, string> = {}) =>
    request(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    });

  return {
    get postponed() {
      return postponed;
    },
    async enter(player, password) {
      const secret = password === undefined ? {} : { password };
      const answer = await post("/auth/register", { ...player, ...secret }).catch((error: unknown) => {
        if (!(error instanceof RequestFailed) || error.code !== "user_exists") throw error;
        const { user_id, name } = player;
        return post("/auth/login", { user_id, name, ...secret });
      });
      return { ...player, token: (answer as { token: string }).token };
    },
    async add({ token }, delta) {
      const headers = { Authorization: `Bearer ${token}`, "Idempotency-Key": crypto.randomUUID() };
      await post("/score/add", { delta }, headers);
    },
    top: async (limit) => (await request(`/top?limit=${limit}`)) as { total: number; entries: TopEntry[] },
  };
}
