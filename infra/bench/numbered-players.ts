import { createPlayers, type Players } from "./players.ts";

const ID_DIGITS = 12;

/** The id of a player by number: 12 digits, as load generators make them up. */
export const toPlayerId = (number: number) => String(number).padStart(ID_DIGITS, "0");

/** Players as boards have them, whose ids are their numbers from 0 on. */
export function createNumberedPlayers(count: number, newestUs: number): Players {
  const players = createPlayers(count, newestUs);
  return { count, at: (index) => ({ ...players.at(index), userId: toPlayerId(index) }) };
}

/** Some of them, in order. */
export const slicePlayers = (players: Players, first: number, count: number): Players => ({
  count,
  at: (index) => players.at(first + index),
});
