import { type Client, createClient } from "shared/client";
import { LeaderboardError } from "shared/client/errors";
import { bar, createProgress, rate } from "../../drainer/src/command/progress.ts";
import { table } from "./demo/display.ts";
import { enter, type Player } from "./demo/enter.ts";
import { type DemoOptions, HELP, readDemoOptions } from "./demo/options.ts";

const FIRST_NAMES = ["Ada", "Alan", "Barbara", "Claude", "Donald", "Edsger", "Grace", "Hedy", "John", "Katherine"];
const LAST_NAMES = ["Archer", "Baker", "Cooper", "Fisher", "Hunter", "Mason", "Miller", "Smith", "Turner", "Weaver"];
const POINTS_MAX = 100;
const TOP = 10;
// A demo goes on while services are killed and started beside it.
const RETRY = { attemptsMax: 60, totalMsMax: 120_000 };

const choose = <T>(items: readonly [T, ...T[]] | readonly T[], index: number) => items[index % items.length] as T;

function toPlayer(index: number, regions: readonly string[]): Player {
  const name = `${choose(FIRST_NAMES, index)} ${choose(LAST_NAMES, Math.floor(index / FIRST_NAMES.length))} ${index + 1}`;
  return { user_id: `demo-${index + 1}`, name, region: choose(regions, index) };
}

/** Runs `work` in `concurrency` lanes until it says that there is no more. */
async function inLanes(concurrency: number, work: () => Promise<boolean>): Promise<void> {
  const lane = async () => {
    while (await work());
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

async function register(client: Client, options: DemoOptions): Promise<Client[]> {
  const progress = createProgress();
  const startedAt = performance.now();
  const players: Client[] = [];
  let next = 0;
  await inLanes(options.concurrency, async () => {
    if (next >= options.players) return false;
    players.push(await enter(client, toPlayer(next++, options.regions), options.password));
    progress.show(bar("players", players.length, options.players, rate(players.length, performance.now() - startedAt)));
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

async function run(options: DemoOptions): Promise<void> {
  const { url } = options;
  await createClient({ url, retry: { attemptsMax: 1 } }).health(); // one that is not there is not waited for
  let postponed = 0;
  const client = createClient({ url, retry: RETRY, onRetry: () => postponed++ });
  const players = await register(client, options);
  const startedAt = performance.now();
  const submits = await play(players, options);
  const perSecond = Math.round(submits / ((performance.now() - startedAt) / 1000));
  const { total, entries } = await client.top({ limit: TOP });
  if (options.asJson) {
    process.stdout.write(`${JSON.stringify({ submits, per_second: perSecond, postponed, total, entries })}\n`);
    return;
  }
  process.stdout.write(
    `\n${table(entries)}\n\n${submits} submits (${perSecond} a second), ${total} players on the board`,
  );
  process.stdout.write(postponed > 0 ? `, ${postponed} requests asked to wait\n` : "\n");
}

function explain(error: unknown, url: string): string {
  if (!(error instanceof LeaderboardError)) return String(error);
  if (error.errors.some(({ field }) => field === "password")) {
    return "This server requires passwords: name one with --password, for all players of the demo.";
  }
  if (error.code === "no_answer") return `Nothing answers at ${url}: start it with npm start.`;
  return `${error.message} (${error.status} ${error.code})`;
}

/** `lb demo`: players and scores through the gateway. @returns the exit code */
export async function demoCommand(args: string[]): Promise<number> {
  const options = readDemoOptions(args);
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  try {
    await run(options);
    return 0;
  } catch (error) {
    process.stderr.write(`${explain(error, options.url)}\n`);
    return 1;
  }
}
