import { inBatches, type Players } from "./players.ts";
import { type Command, ENTRY_KINDS, toCommands } from "./seed-redis.ts";
import { SHARD } from "./topology.ts";

const BATCH = 5_000;

/** A command as Redis reads it. Its parts are ASCII: they have as many bytes as characters. */
const toProtocol = (command: Command) =>
  `*${command.length}\r\n${command.map((part) => `$${String(part).length}\r\n${part}\r\n`).join("")}`;

/** Writes the input of `redis-cli --pipe`: for each player a `ZADD` and an `HSET` of the entry. */
export async function writeMassInsert(file: string, players: Players): Promise<void> {
  const writer = Bun.file(file).writer();
  for (const batch of inBatches(players, BATCH)) {
    const commands = batch.flatMap((player) => ENTRY_KINDS.flatMap((kind) => toCommands(kind, SHARD, [player])));
    writer.write(commands.map(toProtocol).join(""));
    await writer.flush();
  }
  await writer.end();
}
