import { INVALID_OPTIONS, readArguments } from "shared/base/arguments";
import { ConfigError, wholeNumber } from "shared/service/config";

export interface DemoOptions {
  url: string;
  players: number;
  seconds: number;
  /** Requests in flight at once. */
  concurrency: number;
  regions: string[];
  password: string | undefined;
  asJson: boolean;
}

export const HELP = `Registers players through the gateway, over all regions, and plays scores for a while.

  bun run lb demo [options]

  --url URL           the gateway               http://127.0.0.1:4000
  --players N         players to register       1000
  --seconds N         how long they play        15
  --concurrency N     requests at once          32
  --regions A,B       their home regions        GLOBAL,ASIA,EU,NA
  --password TEXT     for a server that requires passwords
  --json              the figures and the top as one JSON object
  --help              shows this

Ends with 0; with 1 where it failed.
`;

/** @returns nothing when help was asked for @throws ConfigError with every fault */
export function readDemoOptions(args: string[]): DemoOptions | undefined {
  const values = parse(args);
  if (values.help) return undefined;
  const faults: string[] = [];
  const count = (name: "players" | "seconds" | "concurrency", max: number): number => {
    const parsed = wholeNumber(1, max).safeParse(values[name]);
    if (!parsed.success) faults.push(`--${name} ${parsed.error.issues[0]?.message}`);
    return parsed.data ?? 1;
  };
  if (!URL.canParse(values.url)) faults.push("--url must be a URL");
  const options = {
    url: values.url.replace(/\/+$/, ""),
    regions: values.regions.toUpperCase().split(","),
    password: values.password,
    asJson: values.json ?? false,
    players: count("players", 1_000_000),
    seconds: count("seconds", 3600),
    concurrency: count("concurrency", 256),
  };
  if (faults.length > 0) throw new ConfigError(faults, INVALID_OPTIONS);
  return options;
}

function parse(args: string[]) {
  const text = (missing: string) => ({ type: "string", default: missing }) as const;
  return readArguments({
    args,
    options: {
      url: text("http://127.0.0.1:4000"),
      players: text("1000"),
      seconds: text("15"),
      concurrency: text("32"),
      regions: text("GLOBAL,ASIA,EU,NA"),
      password: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  }).values;
}
