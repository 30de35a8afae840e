import { z } from "zod";
import { parseRankingName, toRankingName } from "../seasons/ranking-name.ts";
import { parseTraceparent } from "../tracing/traceparent.ts";
import { boardIdSchema } from "./board.ts";
import { BOARD_ID_MESSAGE } from "./board-id.ts";
import { keptNameSchema } from "./names.ts";
import { userIdSchema } from "./scores.ts";
import { SETTING_KINDS } from "./settings.ts";

/**
 * Events wait in a Redis list until the drainer has written them to PostgreSQL. Each is one line of
 * JSON. A Lua script of the ranker writes the members that it decides, and appends the tail that
 * the ranker hands to it:
 *
 *     submit.lua          {"score":"5","reached_at":"7","updated_at":"7",   + scoreTail
 *                         and behind the tail, where a board has them, "sort_key":"-5","sub":"3",
 *                         "sub_key":"3","attempts":"2","metadata":{…}
 *     register.lua        {"created_at":"7","updated_at":"7",               + accountTail
 *     change-account.lua  {"created_at":"7","updated_at":"9",               + accountTail
 *                         and before the tail, where it was ever changed, "password_at":"9"
 *     set-visibility.lua  {"hidden":true,"updated_at":"7",                  + playerTail
 *     rename-player.lua   {"hidden":true,"name":"Ada","updated_at":"7",     + playerTail
 *     put-setting.lua     {"updated_at":"7",                                + settingTail
 *     erase-*.lua         {"erased":true,"updated_at":"7",                  + playerTail
 *     change-entry.lua    {"removed":true,"updated_at":"7",                 + entryTail
 *                         {"edited":true,"updated_at":"7",                  + entryTail
 *                         and behind the tail, where they change, "name":"Ada","metadata":{…}
 *     rename-player.lua   {"edited":true,"updated_at":"7",                  + scoreTail
 *     roll_over           {"season_ended":3,"count":12,"hidden":1,"starts_at":"5","ends_at":"7",
 *                         "updated_at":"7",                                 + seasonEndTail
 *
 * Integers are decimal strings, because Lua's JSON keeps 14 digits. Times are microseconds;
 * `updated_at` is the version.
 */

/** The members that every kind of event has. */
export interface Versioned {
  /** Microseconds, as a decimal string; unique and growing on its shard. */
  updated_at: string;
  /** W3C `traceparent` of the request that wrote the event, if that was traced. */
  traceparent?: string | undefined;
}

const integerText = z
  .string()
  .regex(/^-?\d{1,16}$/)
  .refine((text) => Number.isSafeInteger(Number(text)), "must be an integer in ±(2^53−1)");
/** A time in microseconds. */
export const timeText = integerText.refine((text) => Number(text) >= 0, "must not be negative");

const regionText = z.string().min(1).max(50);

/** An invalid `traceparent` is dropped: tracing must not make an event unreadable. */
const traceparent = z
  .string()
  .refine((text) => parseTraceparent(text) !== undefined)
  .optional()
  .catch(undefined);

/** A board, or one season of it, as `toRankingName` spells it. */
const rankingNameSchema = z.string().refine((text) => parseRankingName(text) !== undefined, BOARD_ID_MESSAGE);

/**
 * The state of an entry after a write. Members that say nothing are left out: `sort_key` where it
 * is the score, `attempts` 0, and all that the board does not have.
 */
export const scoreEventSchema = z.object({
  board: rankingNameSchema,
  user_id: userIdSchema,
  name: keptNameSchema,
  region: regionText,
  /** In units of the board's last decimal. */
  score: integerText,
  reached_at: timeText,
  updated_at: timeText,
  traceparent,
  /** The ranked score, on a board where the lowest is the best. */
  sort_key: integerText.optional(),
  sub: timeText.optional(),
  /** Greater the better, for either order of sub-scores. */
  sub_key: timeText.optional(),
  attempts: timeText.optional(),
  /** A JSON text. */
  metadata: z
    .record(z.string(), z.unknown())
    .transform((value) => JSON.stringify(value))
    .optional(),
});
export type ScoreEvent = z.infer<typeof scoreEventSchema>;

/**
 * A player was erased at this version: older events of the player must not be written again, on any
 * board.
 */
export const erasureSchema = z.object({
  user_id: userIdSchema,
  /** Region of the shard; absent in the accounts' queue. */
  region: regionText.optional(),
  erased: z.literal(true),
  updated_at: timeText,
});
export type Erasure = z.infer<typeof erasureSchema>;

const entryNames = { board: rankingNameSchema, user_id: userIdSchema, region: regionText };

/** One entry was removed at this version: older events of it must not be written again. */
export const removalSchema = z.object({ ...entryNames, removed: z.literal(true), updated_at: timeText });
export type Removal = z.infer<typeof removalSchema>;

/**
 * An entry of a season that has ended got another name or other metadata at this version. In a
 * season that runs such a change is a score event like others.
 */
export const entryEditSchema = z.object({
  ...entryNames,
  edited: z.literal(true),
  /** Stays where it is left out. */
  name: keptNameSchema.optional(),
  /** A JSON text, `null` to clear it; stays where it is left out. */
  metadata: z
    .record(z.string(), z.unknown())
    .nullable()
    .transform((value) => JSON.stringify(value))
    .optional(),
  updated_at: timeText,
});
export type EntryEdit = z.infer<typeof entryEditSchema>;

/** A player was hidden from all boards at this version, shown again, or renamed. */
export const visibilityEventSchema = z.object({
  user_id: userIdSchema,
  region: regionText,
  hidden: z.boolean(),
  /** The name that an operator gave the player; absent or empty where there is none. */
  name: keptNameSchema.or(z.literal("")).optional(),
  updated_at: timeText,
});
export type VisibilityEvent = z.infer<typeof visibilityEventSchema>;

export const SETTING_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** An operator made, changed or deleted a setting. It waits in the accounts' queue. */
export const settingEventSchema = z.object({
  setting: z.enum(SETTING_KINDS),
  id: z.string().regex(SETTING_ID),
  /** Null for a setting that was deleted. */
  value: z.record(z.string(), z.unknown()).nullable(),
  updated_at: timeText,
});
export type SettingEvent = z.infer<typeof settingEventSchema>;

/** The number of a season that a name has room for. */
const SEASON_MAX = 999_999_999;

/**
 * A season of a board has ended on a shard. The event stands behind every write of the season, and
 * no later one is of it.
 */
export const seasonEndSchema = z.object({
  season_ended: z.int().min(0).max(SEASON_MAX),
  /** Entries at the end that were ranked, and those of hidden players. */
  count: z.int().min(0),
  hidden: z.int().min(0),
  starts_at: timeText,
  ends_at: timeText,
  updated_at: timeText,
  board: boardIdSchema,
  // No other row takes the blame where PostgreSQL refuses this one.
  region: z.string().regex(/^[A-Z0-9_]{1,50}$/),
});
export type SeasonEnd = z.infer<typeof seasonEndSchema>;

export const PASSWORD_HASH_CHARS_MAX = 512;

/** SHA-256 in base64url. */
export const DEVICE_HASH = /^[A-Za-z0-9_-]{43}$/;

export const accountEventSchema = z.object({
  user_id: userIdSchema,
  name: keptNameSchema,
  region: regionText,
  /** PHC string of argon2id; empty for a player without a password. */
  password_hash: z.string().max(PASSWORD_HASH_CHARS_MAX),
  /** Of a guest who came with a `device_id`: see `hashDevice`. */
  device_hash: z.string().regex(DEVICE_HASH).or(z.literal("")).optional(),
  /** When the password was last set or changed (µs); absent or empty for that of a registration. */
  password_at: timeText.or(z.literal("")).optional(),
  created_at: timeText,
  updated_at: timeText,
});
export type AccountEvent = z.infer<typeof accountEventSchema>;

const toTail = (members: object): string => JSON.stringify(members).slice(1);

/** The end of a score event. {@link readScoreEvent} expects the members in this order. */
export function scoreTail(event: Pick<ScoreEvent, "board" | "user_id" | "name" | "region" | "traceparent">): string {
  const { board, user_id, name, region, traceparent } = event;
  return toTail({ board, user_id, name, region, traceparent });
}

/** The end of an account event. */
export function accountTail(
  event: Pick<AccountEvent, "user_id" | "name" | "region" | "password_hash" | "device_hash">,
): string {
  const { user_id, name, region, password_hash, device_hash } = event;
  return toTail({ user_id, name, region, password_hash, device_hash: device_hash || undefined });
}

/** The end of an erasure or a visibility event. */
export const playerTail = ({ user_id, region }: Pick<Erasure, "user_id" | "region">): string =>
  toTail({ user_id, region });

/** The end of the event of one entry that was removed or edited. */
export const entryTail = ({ board, user_id, region }: Pick<Removal, "board" | "user_id" | "region">): string =>
  toTail({ board, user_id, region });

/** The end of a setting's event. @param value JSON */
export const settingTail = ({ setting, id }: Pick<SettingEvent, "setting" | "id">, value: string): string =>
  `${toTail({ setting, id }).slice(0, -1)},"value":${value}}`;

/** The end of the event of a season's end. */
export const seasonEndTail = ({ board, region }: Pick<SeasonEnd, "board" | "region">): string =>
  toTail({ board, region });

const has = (event: unknown, field: string) => typeof event === "object" && event !== null && field in event;

/** Whether parsed JSON claims to be an erasure, well-formed or not. */
export const isErasure = (event: unknown): boolean => has(event, "erased");

/** Whether parsed JSON claims to be the removal of an entry, well-formed or not. */
export const isRemoval = (event: unknown): boolean => has(event, "removed");

/** Whether parsed JSON claims to be an edit of an entry, well-formed or not. */
export const isEntryEdit = (event: unknown): boolean => has(event, "edited");

/** Whether parsed JSON claims to be a visibility event, well-formed or not. */
export const isVisibilityEvent = (event: unknown): boolean => has(event, "hidden") && !isSeasonEnd(event);

/** Whether parsed JSON claims to be a setting's event, well-formed or not. */
export const isSettingEvent = (event: unknown): boolean => has(event, "setting");

/** Whether parsed JSON claims to be the end of a season, well-formed or not. */
export const isSeasonEnd = (event: unknown): boolean => has(event, "season_ended");

const USER_ID = /"user_id"\s*:\s*"([A-Za-z0-9_-]{1,64})"/;
const BOARD = /"board"\s*:\s*"([a-z0-9][a-z0-9_-]{0,31}(?:@[1-9]\d{0,8})?)"/;
const SEASON_ENDED = /"season_ended"\s*:\s*(0|[1-9]\d{0,8})\b/;
const VERSION = /"updated_at"\s*:\s*"(\d{1,16})"/;

/** The player named by the text of an event, which need not parse. */
export const userIdIn = (event: string): string | undefined => USER_ID.exec(event)?.[1];

/**
 * The board, or the season of one, that the text of an event is about: of a score, or of the end of
 * a season. The text need not parse.
 */
export function rankingIn(event: string): string | undefined {
  const name = BOARD.exec(event)?.[1];
  const season = SEASON_ENDED.exec(event)?.[1];
  return name === undefined || season === undefined || name.includes("@") ? name : toRankingName(name, Number(season));
}

/** The board alone. */
export const boardIn = (event: string): string | undefined => rankingIn(event)?.split("@")[0];

/** The version (µs) in the text of an event, which need not parse. */
export function versionIn(event: string): number | undefined {
  const version = VERSION.exec(event)?.[1];
  return version === undefined ? undefined : Number(version);
}

/** Safe integers only: 16 digits are accepted below 9 × 10^15, that is before the year 2255. */
const TIME = String.raw`(\d{1,15}|[1-8]\d{15})`;
/**
 * Without escapes; at most 200 UTF-16 units, so at most 200 characters. U+FFFD stands for bytes
 * that were not UTF-8.
 */
const NAME = String.raw`([^"\\\u0000-\u001f\u007f-\u009f\ufffd]{1,200})`;
const TRACEPARENT = "(00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})";

const INTEGER = String.raw`(-?\d{1,15})`;

const SCORE_EVENT = new RegExp(
  [
    String.raw`^\{"score":"${INTEGER}","reached_at":"${TIME}","updated_at":"${TIME}"`,
    String.raw`"board":"([a-z0-9][a-z0-9_-]{0,31}(?:@[1-9]\d{0,8})?)","user_id":"([A-Za-z0-9_-]{1,64})","name":"${NAME}"`,
    `"region":"([A-Z0-9_]{1,50})"(?:,"traceparent":"${TRACEPARENT}")?`,
  ].join(",") +
    // A key is near 2^53 where the lowest sub-score is the best.
    String.raw`(?:,"sort_key":"${INTEGER}")?(?:,"sub":"(\d{1,16})","sub_key":"(\d{1,16})")?` +
    String.raw`(?:,"attempts":"(\d{1,15})")?(?:,"metadata":(\{.*\}))?\}$`,
  "s",
);

/**
 * Reads a score event as `submit.lua` spells it, in an eighth of the time that JSON and {@link
 * scoreEventSchema} take. Reading events is most of the drainer's work.
 *
 * @param text decoded from UTF-8, with U+FFFD for invalid bytes
 * @returns what the schema would return; undefined for every other spelling, valid or not: then the
 *   schema decides
 */
export function readScoreEvent(text: string): ScoreEvent | undefined {
  const match = SCORE_EVENT.exec(text);
  if (match === null) return undefined;
  const [, score = "", reached_at = "", updated_at = "", board = "", user_id = "", name = "", region = ""] = match;
  const event: ScoreEvent = { score, reached_at, updated_at, board, user_id, name, region, traceparent: match[8] };
  const [sort_key, sub, sub_key, attempts, metadata] = match.slice(9);
  if (!isSafe(sub) || !isSafe(sub_key) || !isJson(metadata)) return undefined;
  if (sort_key !== undefined) event.sort_key = sort_key;
  if (sub !== undefined) event.sub = sub;
  if (sub_key !== undefined) event.sub_key = sub_key;
  if (attempts !== undefined) event.attempts = attempts;
  if (metadata !== undefined) event.metadata = metadata;
  return event;
}

const isSafe = (digits: string | undefined) => digits === undefined || Number.isSafeInteger(Number(digits));

/** PostgreSQL would refuse the whole batch for a text that is none. */
function isJson(text: string | undefined): boolean {
  if (text === undefined) return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
