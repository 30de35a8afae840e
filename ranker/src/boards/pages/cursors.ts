import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import type { Position } from "../shard-entry.ts";

/** A place of a board that a walk goes on from. */
export interface Cursor {
  view: string;
  board: string;
  /** Of the board: one that is made again under the id has another. */
  born: number;
  /** The season of the walk; 0 on a board without seasons. */
  season: number;
  side: CursorSide;
  place: Position;
}

/** Whether the page has the entries behind the place, or those ahead of it. */
export type CursorSide = "after" | "before";

/** Makes and reads the `next` and `prev` of answers: signed texts of base64url. */
export interface Cursors {
  write(cursor: Cursor): string;
  /** Undefined for a text that no process with one of the secrets has made. */
  read(text: string): Cursor | undefined;
}

export interface CursorSecrets {
  secret: string;
  /** Reads only: the secret before a change, or the one to come. */
  previousSecret?: string | undefined;
}

// Another format of cursors needs another label, so that each release reads its own alone.
const LABEL = "leaderboard cursor 1";
const KEY_BYTES = 32;
const MAC_BYTES = 16;

/** @param secrets a random one unless given, for a process whose cursors no other one reads */
export function createCursors(secrets: CursorSecrets = { secret: randomBytes(KEY_BYTES).toString("hex") }): Cursors {
  const { secret, previousSecret } = secrets;
  const key = toKey(secret);
  const keys = previousSecret === undefined ? [key] : [key, toKey(previousSecret)];
  return {
    write(cursor) {
      const payload = Buffer.from(format(cursor));
      return Buffer.concat([sign(key, payload), payload]).toString("base64url");
    },

    read(text) {
      const bytes = Buffer.from(text, "base64url");
      // Of several spellings of the same bytes one alone is a cursor.
      if (bytes.length <= MAC_BYTES || bytes.toString("base64url") !== text) return undefined;
      const [mac, payload] = [bytes.subarray(0, MAC_BYTES), bytes.subarray(MAC_BYTES)];
      return keys.some((each) => timingSafeEqual(sign(each, payload), mac)) ? parse(String(payload)) : undefined;
    },
  };
}

/** Tokens are signed with the secret itself: neither signature is ever taken for the other. */
const toKey = (secret: string) => Buffer.from(hkdfSync("sha256", secret, "", LABEL, KEY_BYTES));

const sign = (key: Buffer, payload: Buffer) =>
  createHmac("sha256", key).update(payload).digest().subarray(0, MAC_BYTES);

const format = ({ view, board, born, season, side, place: { score, member } }: Cursor) =>
  `${side} ${view} ${board} ${born} ${season} ${score} ${member}`;

/** Of a payload that was signed, and so is one of `format`. */
function parse(payload: string): Cursor {
  const [side, view = "", board = "", born, season, score, member = ""] = payload.split(" ");
  return {
    view,
    board,
    born: Number(born),
    season: Number(season),
    side: side === "before" ? "before" : "after",
    place: { score: Number(score), member },
  };
}
