import { bar, createProgress, rate } from "../drainer/src/progress.ts";
import { type Client, createClient, type Player, RequestFailed } from "./demo/client.ts";
import { table } from "./demo/display.ts";
import { type DemoOptions, HELP, readDemoOptions } from "./demo/options.ts";

const FIRST_NAMES = ["Ada", "Alan", "Barbara", "Claude", "Donald", "Edsger", "Grace", "Hedy", "John", "Katherine"];
const LAST_NAMES = ["Archer", "Baker", "Cooper", "Fisher", "Hunter", "Mason", "Miller", "Smith", "Turner", "Weaver"];
const POINTS_MAX = 100;
const TOP = 10;

const choose = <T>(items: readonly [T, ...T[]] | readonly T[], index: number) => items[index % items.length] as T;

function toPlayer(index: number, regions: readonly string[]): Omit<Player, "token"> {
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

async function register(client: Client, options: DemoOptions): Promise<Player[]> {
  const progress = createProgress();
  const startedAt = performance.now();
  const players: Player[] = [];
  let next = 0;
  await inLanes(options.concurrency, async () => {
    if (next >= options.players) return false;
    players.push(await client.enter(toPlayer(next++, options.regions), options.password));
    progress.show(bar("players", players.length, options.players, rate(players.length, performance.now() - startedAt)));
    return true;
  });
  progress.end();
  return players;
}

async function play(client: Client, players: readonly Player[], options: DemoOptions): Promise<number> {
  const progress = createProgress();
  const startedAt = performance.now();
  let submits = 0;
  await inLanes(options.concurrency, async () => {
    const elapsed = (performance.now() - startedAt) / 1000;
    progress.show(bar("scores", elapsed, options.seconds, `${submits} submits, ${rate(submits, elapsed * 1000)}`));
    if (elapsed >= options.seconds) return false;
    const player = choose(players, Math.floor(Math.random() * players.length));
    await client.add(player, 1 + Math.floor(Math.random() * POINTS_MAX));
    submits++;
    return true;
  });
  progress.end();
  return submits;
}

async function run(options: DemoOptions): Promise<void> {
  const client = createClient(options.url);
  const players = await register(client, options);
  const startedAt = performance.now();
  const submits = await play(client, players, options);
  const perSecond = Math.round(submits / ((performance.now() - startedAt) / 1000));
  const { total, entries } = await client.top(TOP);
  const { postponed } = client;
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
  if (error instanceof RequestFailed && error.code === "invalid_request" && error.message.includes("password")) {
    return "This server requires passwords: name one with --password, for all players of the demo.";
  }
  if (error instanceof RequestFailed) return `${error.message} (${error.status} ${error.code})`;
  const refused = (error as { code?: unknown } | null)?.code === "ECONNREFUSED";
  return refused ? `Nothing answers at ${url}: start it with npm start.` : String(error);
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
