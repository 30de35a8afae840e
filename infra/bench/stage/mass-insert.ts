import { inBatches, type Players } from "./players.ts";
import { type Command, toRanked, toRecord } from "./seed-redis.ts";

const BATCH = 5_000;

/** A command as Redis reads it. Its parts are ASCII, so that they have as many bytes as characters. */
const toProtocol = (command: Command) =>
  `*${command.length}\r\n${command.map((part) => `$${String(part).length}\r\n${part}\r\n`).join("")}`;

/** Writes the input of `redis-cli --pipe`: for each player a `ZADD` and an `HSET` of what a restore writes. */
export async function writeMassInsert(file: string, players: Players): Promise<void> {
  const writer = Bun.file(file).writer();
  for (const batch of inBatches(players, BATCH)) {
    const commands = batch.flatMap((player): Command[] => [
      ["ZADD", "ranking", ...toRanked(player)],
      ["HSET", "records", ...toRecord(player)],
    ]);
    writer.write(commands.map(toProtocol).join(""));
    await writer.flush();
  }
  await writer.end();
}
