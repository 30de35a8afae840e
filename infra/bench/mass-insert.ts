import { toArrival } from "shared/base/times";
import { formatRecord } from "shared/model/records";
import { inBatches, type Players } from "./players.ts";

const BATCH = 5_000;

/** A command as Redis reads it. Its parts are ASCII: as many characters as bytes. */
const toCommand = (...parts: readonly string[]) =>
  `*${parts.length}\r\n${parts.map((part) => `$${part.length}\r\n${part}\r\n`).join("")}`;

/** The commands that `redis-cli --pipe` is to send: for each player a `ZADD` and an `HSET` of what a restore leaves. */
export async function writeMassInsert(file: string, players: Players): Promise<void> {
  const writer = Bun.file(file).writer();
  for (const batch of inBatches(players, BATCH)) {
    const commands = batch.flatMap(({ userId, name, score, reachedAtUs }) => {
      const arrival = toArrival(reachedAtUs);
      const record = formatRecord({ arrival, updatedAt: String(reachedAtUs), score: String(score), name });
      return [
        toCommand("ZADD", "ranking", String(score), arrival + userId),
        toCommand("HSET", "records", userId, record),
      ];
    });
    writer.write(commands.join(""));
    await writer.flush();
  }
  await writer.end();
}
