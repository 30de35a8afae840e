import { INVALID_OPTIONS, readArguments } from "shared/base/arguments";
import { ConfigError, commaList } from "shared/service/config";
import { ROW_NAMES, type RowName } from "./rows.ts";
import { wholeReader } from "./whole-number.ts";

export interface RatiosOptions {
  rows: readonly RowName[];
  rounds: number;
  /** Of each load in each round. */
  seconds: number;
  connections: number;
  /** Who write, each with a token. */
  players: number;
  /** On the board that is asked for. */
  entries: number;
  /** Queued for the drainer. */
  events: number;
  /** Submits a second beside reads. */
  writes: number;
  asJson: boolean;
}

export const HELP = `How near this is to what Redis, PostgreSQL, nginx and Bun can do by themselves: each figure beside that of a yardstick,
taken in turns on this machine. Starts a Redis, a PostgreSQL, the services and nginx, and removes them; wrk asks.

  bun run bench [options]       all of it takes some 10 minutes and 3 GB of memory
  bun run bench growth          what a call and a player cost as the board grows (--help says more)

  --only A,B       rows: ${ROW_NAMES.join(" ")}
  --rounds N       in each of which all take turns       5
  --seconds N      of each load in each round            3
  --connections N  of wrk and of redis-benchmark         64
  --players N      who write, with tokens of their own   2000
  --entries N      on the board, as 1000000 or 1e6       1e6
  --events N       queued for the drainer                200000
  --writes N       a second, beside reads                100
  --json           one JSON object instead of tables
  --help           shows this
`;

/** @returns nothing when help was asked for @throws ConfigError with every fault */
export function readRatiosOptions(args: string[]): RatiosOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const faults: string[] = [];
  const whole = wholeReader(faults);
  const asked = values.only === undefined ? [...ROW_NAMES] : commaList.parse(values.only);
  const unknown = asked.filter((name) => !ROW_NAMES.some((row) => row === name));
  if (unknown.length > 0 || asked.length === 0) faults.push(`--only must be some of: ${ROW_NAMES.join(", ")}`);
  const options = {
    rows: ROW_NAMES.filter((row) => asked.includes(row)),
    asJson: values.json ?? false,
    rounds: whole("rounds", values.rounds, 1, 100),
    seconds: Number(values.seconds),
    connections: whole("connections", values.connections, 1, 1_000),
    players: whole("players", values.players, 1, 20_000),
    entries: whole("entries", values.entries, 1_000, 1e8),
    events: whole("events", values.events, 100, 1e7),
    writes: whole("writes", values.writes, 0, 1_000),
  };
  const isDuration = /^\d+(\.\d+)?$/.test(values.seconds) && options.seconds >= 0.1 && options.seconds <= 600;
  if (!isDuration) faults.push("--seconds must be a number from 0.1 to 600");
  if (options.players > options.entries) faults.push("--players must not be more than --entries");
  if (faults.length > 0) throw new ConfigError(faults, INVALID_OPTIONS);
  return options;
}

function parse(args: string[]) {
  const text = (missing: string) => ({ type: "string", default: missing }) as const;
  const flag = { type: "boolean" } as const;
  return readArguments({
    args,
    options: {
      only: { type: "string" },
      rounds: text("5"),
      seconds: text("3"),
      connections: text("64"),
      players: text("2000"),
      entries: text("1e6"),
      events: text("200000"),
      writes: text("100"),
      json: flag,
      help: { ...flag, short: "h" },
    },
  }).values;
}
