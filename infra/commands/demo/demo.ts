import { type Client, createClient, LeaderboardError } from "leaderboard-client";
import { defineCommand, flag, value } from "shared/command/define-command";
import { catchInterrupt, Interrupted } from "shared/command/interrupt";
import { bar, createProgress, rate } from "shared/command/progress";
import { commaList, wholeNumber } from "shared/service/environment";
import { z } from "zod";
import { adminToken } from "../board/open-gateway.ts";
import { explainRefusal, gatewayUrl, urlOption } from "../connect/gateway-url.ts";
import { table } from "./display.ts";
import { enter, type Player } from "./enter.ts";
import { inLanes } from "./in-lanes.ts";
import { playSeasons } from "./play-seasons.ts";

const FIRST_NAMES = ["Ada", "Alan", "Barbara", "Claude", "Donald", "Edsger", "Grace", "Hedy", "John", "Katherine"];
const LAST_NAMES = ["Archer", "Baker", "Cooper", "Fisher", "Hunter", "Mason", "Miller", "Smith", "Turner", "Weaver"];
const POINTS_MAX = 100;
const TOP = 10;
/** How long the first answer may take: a person waits for it. */
const ANSWER_TIMEOUT_MS = 3_000;
// The demo continues while services are killed and restarted.
const RETRY = { attemptsMax: 60, totalMsMax: 120_000 };

const regions = z.string().toUpperCase().pipe(commaList);

const options = {
  url: urlOption,
  players: value("N", "players to register", wholeNumber(1, 1_000_000).default(1_000)),
  seconds: value("N", "how long they play", wholeNumber(1, 3_600).default(15)),
  concurrency: value("N", "requests at once", wholeNumber(1, 256).default(32)),
  regions: value("A,B", "their home regions", regions.default(["GLOBAL", "ASIA", "EU", "NA"])),
  password: value("TEXT", "for a server that requires passwords", z.string().optional()),
  seasons: flag("on a board of which three short seasons end meanwhile"),
  json: flag("the figures and the top as one JSON object"),
};

type DemoOptions = z.output<z.ZodObject<typeof options>> & { url: string };

export const demoCommand = defineCommand({
  name: "demo",
  about: "Registers players through the gateway, over all regions, and plays scores for a while.",
  usage: "./lb demo [options]",
  options,
  notes: `
With --seasons it makes the board demo-seasons, as an admin: with the token in LEADERBOARD_TOKEN, or with one that it signs for
the gateway of npm start. At the end of each season it says who won, by the archive, and compares the archive with the
answers that the players got. In the end it deletes the board.
Ends with 0; with 1 where it failed, or where an archive differs; with 130 or 143 where a signal stopped it.`,
  async run({ options, env }) {
    const { url = gatewayUrl(env) } = options;
    const admin = () => adminToken(options.url, env);
    if (options.seasons) await admin(); // where there is none, no player is registered
    try {
      const client = await connect(url);
      if (options.seasons) return await demonstrateSeasons(client, admin, { ...options, url });
      await demonstrate(client, { ...options, url });
      return 0;
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      throw new Error(explain(error, url), { cause: error });
    }
  },
});

interface Connected {
  client: Client;
  /** Requests that were asked to wait. */
  postponed: () => number;
}

async function connect(url: string): Promise<Connected> {
  await createClient({ url, timeoutMs: ANSWER_TIMEOUT_MS, retry: { attemptsMax: 1 } }).health();
  let postponed = 0;
  return { client: createClient({ url, retry: RETRY, onRetry: () => postponed++ }), postponed: () => postponed };
}

async function demonstrate({ client, postponed }: Connected, options: DemoOptions): Promise<void> {
  const { json } = options;
  const players = await register(client, options);
  const startedAt = performance.now();
  const submits = await play(players, options);
  const perSecond = Math.round(submits / ((performance.now() - startedAt) / 1000));
  const { total, entries } = await client.top({ limit: TOP });
  const figures = `${submits} submits (${perSecond} a second), ${total} players on the board`;
  const retries = postponed() > 0 ? `, ${postponed()} requests asked to wait` : "";
  process.stdout.write(
    json
      ? `${JSON.stringify({ submits, per_second: perSecond, postponed: postponed(), total, entries })}\n`
      : `\n${table(entries)}\n\n${figures}${retries}\n`,
  );
}

async function demonstrateSeasons(
  { client }: Connected,
  admin: () => Promise<string>,
  options: DemoOptions,
): Promise<number> {
  const players = await register(client, options);
  using interrupt = catchInterrupt("the board of the demo is deleted");
  const { signal } = interrupt;
  const ended = await playSeasons(client.as(await admin()), players, { ...options, signal });
  if (options.json) process.stdout.write(`${JSON.stringify({ seasons: ended })}\n`);
  return ended.every(({ different }) => different.length === 0) ? 0 : 1;
}

async function register(client: Client, options: DemoOptions): Promise<Client[]> {
  const progress = createProgress();
  const players: Client[] = [];
  let next = 0;
  await inLanes(options.concurrency, async () => {
    if (next >= options.players) return false;
    players.push(await enter(client, toPlayer(next++, options.regions), options.password));
    progress.count("players", players.length, options.players);
    return true;
  });
  progress.end();
  return players;
}

async function play(players: readonly Client[], options: DemoOptions): Promise<number> {
  const progress = createProgress();
  const startedAt = performance.now();
  let submits = 0;
  await inLanes(options.concurrency, async () => {
    const elapsed = (performance.now() - startedAt) / 1000;
    progress.show(bar("scores", elapsed, options.seconds, `${submits} submits, ${rate(submits, elapsed * 1000)}`));
    if (elapsed >= options.seconds) return false;
    const player = choose(players, Math.floor(Math.random() * players.length));
    await player.addScore({ delta: 1 + Math.floor(Math.random() * POINTS_MAX) });
    submits++;
    return true;
  });
  progress.end();
  return submits;
}

const choose = <T>(items: readonly T[], index: number) => items[index % items.length] as T;

function toPlayer(index: number, regions: readonly string[]): Player {
  const name = `${choose(FIRST_NAMES, index)} ${choose(LAST_NAMES, Math.floor(index / FIRST_NAMES.length))} ${index + 1}`;
  return { user_id: `demo-${index + 1}`, name, region: choose(regions, index) };
}

function explain(error: unknown, url: string): string {
  if (!(error instanceof LeaderboardError)) return String(error);
  if (error.errors.some(({ field }) => field === "password")) {
    return "This server requires passwords: name one with --password, for all players of the demo.";
  }
  return explainRefusal(error, url);
}
