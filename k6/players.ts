import { fail, sleep } from "k6";
import http, { type RefinedResponse } from "k6/http";
import { URL_BASE } from "./settings.ts";

export interface Player {
  user_id: string;
  region: string;
  token: string;
}

const PLAYERS = Number(__ENV.PLAYERS || 500);
const REGIONS = (__ENV.REGIONS || "GLOBAL,ASIA,EU,NA").split(",");
/** For a server that requires passwords; all players have the same one. */
const PASSWORD = __ENV.PASSWORD;

const BATCH = 20;
const TRIES_MAX = 60;

const JSON_BODY = { headers: { "Content-Type": "application/json" }, tags: { name: "setup" } };
// 409: a player of an earlier run, who logs in. 429 and 503: wait and retry.
const EXPECTED = http.expectedStatuses({ min: 200, max: 299 }, 409, 429, 503);

type Registration = { user_id: string; name: string; region: string; password?: string };

/** Registers the players, or logs them in, in small batches at the rate that the server allows. */
export function registerPlayers(): Player[] {
  const players: Player[] = [];
  for (let first = 0; first < PLAYERS; first += BATCH) {
    const length = Math.min(BATCH, PLAYERS - first);
    players.push(...enter(Array.from({ length }, (_, index) => toRegistration(first + index))));
  }
  return players;
}

function toRegistration(index: number): Registration {
  const region = REGIONS[index % REGIONS.length] ?? "GLOBAL";
  const player = { user_id: `k6-${index}`, name: `Player ${index}`, region };
  return PASSWORD ? { ...player, password: PASSWORD } : player;
}

function enter(registrations: Registration[]): Player[] {
  const players: Player[] = [];
  const known = new Set<string>();
  let waiting = registrations;
  for (let tries = 1; waiting.length > 0; tries++) {
    if (tries > TRIES_MAX) fail(`the players cannot register at ${URL_BASE}`);
    let pauseSeconds = 0;
    const responses = http.batch(waiting.map((each) => toRequest(each, known.has(each.user_id))));
    waiting = waiting.filter((each, index) => {
      const response = responses[index] as RefinedResponse<"text">;
      if (response.status === 200 || response.status === 201) {
        players.push({ user_id: each.user_id, region: each.region, token: String(response.json("token")) });
        return false;
      }
      if (response.status === 409) known.add(each.user_id);
      else if (response.status === 429 || response.status === 503) {
        pauseSeconds = Math.max(pauseSeconds, Number(response.headers["Retry-After"] ?? 1));
      } else fail(`${each.user_id} cannot register: ${response.status} ${response.error} ${response.body}`);
      return true;
    });
    sleep(pauseSeconds);
  }
  return players;
}

function toRequest(registration: Registration, isKnown: boolean) {
  const { user_id, name, password } = registration;
  const body = isKnown ? { user_id, name, password } : registration;
  return {
    method: "POST",
    url: `${URL_BASE}/auth/${isKnown ? "login" : "register"}`,
    body: JSON.stringify(body),
    params: { ...JSON_BODY, responseCallback: EXPECTED },
  } as const;
}

/** A random player. */
export function randomPlayer(players: readonly Player[]): Player {
  const player = players[Math.floor(Math.random() * players.length)];
  return player ?? fail("there are no players");
}
