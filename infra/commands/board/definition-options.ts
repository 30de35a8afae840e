import type { BoardView, GivenBoard } from "shared/api/definitions";
import { toInvalidRequest } from "shared/api/problems";
import { inPlainWords } from "shared/base/plain-words";
import { flag, value } from "shared/command/define-command";
import { boardIdSchema } from "shared/model/board";
import { commaList } from "shared/service/environment";
import { z } from "zod";
import { urlOption } from "../connect/gateway-url.ts";

const NONE = "none";
/** NaN for what is no number, which the field's schema refuses in its own words. */
const toNumber = (text: string) => (/^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN);

const text = z.string().optional();
const textOrNone = z
  .string()
  .transform((given) => (given === NONE ? null : given))
  .optional();
const number = z.string().transform(toNumber).optional();
const numberOrNone = z
  .string()
  .transform((given) => (given === NONE ? null : toNumber(given)))
  .optional();
const jsonOrNone = z.string().transform(parseJson).optional();

function parseJson(given: string, context: z.RefinementCtx): unknown {
  if (given === NONE) return null;
  try {
    return JSON.parse(given) as unknown;
  } catch {
    context.addIssue({ code: "custom", message: `must be JSON, or ${NONE}` });
    return z.NEVER;
  }
}

/**
 * The fields that an operator may change. Those are checked together, by the schemas of the routes.
 */
export const changeOptions = {
  title: value("TEXT", "what people read", text),
  unit: value("TEXT", "what a page shows behind a score, such as s", text),
  operators: value("A,B", "what a write may ask for: set, best, add, create", commaList.optional()),
  min: value("N", "the least score; none for no bound, --min=-5 for a negative one", numberOrNone),
  max: value("N", "the greatest score, in the same way", numberOrNone),
  writers: value("WHO", "players or operators", text),
  readers: value("WHO", "anyone or operators", text),
  "metadata-bytes-max": value("N", "bytes of an entry's metadata, 0 for none of it", number),
  "attempts-max": value("N", "how often a player may write; none for any number", numberOrNone),
  "ends-at": value("TIME", "from when on writes are refused, 2026-12-07T00:00:00+01:00; or none", textOrNone),
  schedule: value("CRON", 'when a season ends and the next begins: "0 0 * * 1"', text),
  zone: value("NAME", "the time zone of the schedule, such as Europe/Paris", text),
  keep: value("N", "how many of the last seasons stay; none for all", numberOrNone),
  tiers: value(
    "JSON",
    'names for parts of the board: {"by": "rank", "steps": [{"id": "gold", "upto": 3}]}; or none',
    jsonOrNone,
  ),
};

/** The fields of a new board. */
export const definitionOptions = {
  order: value("ORDER", "which score is the best: desc, the highest, or asc", text),
  operator: value("NAME", "what a submitted score does: set, best or add", text),
  decimals: value("N", "digits behind the point of a score, 0 to 6", number),
  sub: value("ORDER", "which sub-score is the better one, desc or asc; none for no sub-scores", textOrNone),
  "starts-at": value("TIME", "when the first season begins; none for at once", textOrNone),
  ...changeOptions,
};

/** What every action has beside. */
export const gatewayOptions = {
  url: urlOption,
  json: flag("JSON, one object a line"),
};

type Given = Partial<z.output<z.ZodObject<typeof definitionOptions>>>;

/** Options that are not spelled as their fields are. */
const FIELDS = new Map([
  ["metadata-bytes-max", "metadata_bytes_max"],
  ["attempts-max", "attempts_max"],
]);
const SEASON_FIELDS = ["schedule", "zone", "starts_at", "keep"];

/** What options change in part. */
type Present = Pick<BoardView, "bounds" | "season">;

/**
 * The fields that the options name, where those that are left out stay as `present` has them. They
 * are not checked: {@link faultsOf} does.
 */
export function toFields({ min, max, ...others }: Given, present?: Present): GivenBoard {
  const { "ends-at": endsAt, schedule, zone, "starts-at": startsAt, keep, ...given } = others;
  const fields = Object.entries(given)
    .filter(([name, field]) => name in definitionOptions && field !== undefined)
    .map(([name, field]): [string, unknown] => [FIELDS.get(name) ?? name, field]);
  if (min !== undefined || max !== undefined) {
    const { min: least = null, max: most = null } = present?.bounds ?? {};
    const bounds = { min: min === undefined ? least : min, max: max === undefined ? most : max };
    fields.push(["bounds", bounds.min === null && bounds.max === null ? null : bounds]);
  }
  const seasons = Object.entries({ schedule, zone, starts_at: startsAt, keep }).filter(
    ([, part]) => part !== undefined,
  );
  if (seasons.length > 0) {
    const before = present?.season != null && "schedule" in present.season ? present.season : {};
    const end = endsAt === undefined ? {} : { ends_at: endsAt };
    fields.push(["season", Object.assign({}, before, Object.fromEntries(seasons), end)]);
  } else if (endsAt !== undefined) fields.push(["season", endsAt === null ? null : { ends_at: endsAt }]);
  return Object.fromEntries(fields) as GivenBoard;
}

/** A board with seasons, so that each option is checked as if the board had the others. */
export const withSeasons: Present = {
  bounds: null,
  season: { schedule: "0 0 * * *", zone: "UTC", starts_at: null, keep: null },
};

/**
 * The faults of the options' values, by the schema of a route, each with its option.
 *
 * @param present what the options may leave out; nothing unless given
 */
export const faultsOf =
  (schema: z.ZodType, present?: Present) =>
  (options: Given): string[] => {
    const isBoth = options["ends-at"] !== undefined && SEASON_FIELDS.some((name) => isNamed(options, name));
    if (isBoth) return ["--ends-at is for a board without seasons: leave out --schedule and what belongs to it"];
    const { error } = schema.safeParse(toFields(options, present), { error: inPlainWords });
    if (error === undefined) return [];
    const errors = toInvalidRequest(error, "board").errors ?? [];
    return errors.map(({ field, message }) => `--${toOption(field)} ${message}`);
  };

const toName = (field: string) => field.replaceAll("_", "-");
const isNamed = (options: Given, field: string) => options[toName(field) as keyof Given] !== undefined;

/** `max` of `bounds.max`, and `tiers: steps.0.upto` of `tiers.steps.0.upto`. */
function toOption(field: string): string {
  const [name = "", ...rest] = field.replace(/^(bounds|season)\./, "").split(".");
  const option = toName(name);
  return rest.length === 0 ? option : `${option}: ${rest.join(".")}`;
}

const isOneBoard = (ids: unknown) => z.tuple([boardIdSchema]).safeParse(ids).success;

/** Takes one id of a board. */
export const oneBoard = z.custom<[id: string]>(
  isOneBoard,
  "name one board: 1 to 32 characters out of a-z, 0-9, _ and -",
);
