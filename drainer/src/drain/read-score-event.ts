import type { ScoreEvent } from "shared/model/events";

/** Safe integers alone: 16 digits only where they are in front of 2255. */
const TIME = String.raw`(\d{1,15}|[1-8]\d{15})`;
/** Without escapes; of 200 UTF-16 units at most, and so of 200 characters. What is not UTF-8 was read as U+FFFD. */
const NAME = String.raw`([^"\\\u0000-\u001f\u007f-\u009f\ufffd]{1,200})`;
const TRACEPARENT = "(00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})";

/** Member by member as `submit.lua` writes them, with nothing in them that `scoreEventSchema` would refuse or change. */
const COMMON = new RegExp(
  [
    String.raw`^\{"score":"(-?\d{1,15})","reached_at":"${TIME}","updated_at":"${TIME}"`,
    `"board":"([a-z0-9_-]{1,32})","user_id":"([A-Za-z0-9_-]{1,64})","name":"${NAME}"`,
    String.raw`"region":"([A-Z0-9_]{1,50})"(?:,"traceparent":"${TRACEPARENT}")?\}$`,
  ].join(","),
);

/**
 * What the schema would make of an event as nearly all are, for an eighth of the time: reading events is most of what
 * a drainer does.
 *
 * @param text decoded from UTF-8, with U+FFFD in the place of what is none
 * @returns nothing wherever there is a doubt, also about an event that is well-formed: then the schema decides
 */
export function readScoreEvent(text: string): ScoreEvent | undefined {
  const match = COMMON.exec(text);
  if (match === null) return undefined;
  const [, score = "", reached_at = "", updated_at = "", board = "", user_id = "", name = "", region = ""] = match;
  return { score, reached_at, updated_at, board, user_id, name, region, traceparent: match[8] };
}
