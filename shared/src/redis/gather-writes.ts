import type { Redis } from "ioredis";

type Chunk = string | Uint8Array;

// What is joined is copied: commands beyond this leave before the end of the turn.
const GATHERED_SIZE_MAX = 256 * 1024;

/**
 * Hands the commands of one turn of the event loop to the socket together: a system call for all of them, here and in
 * Redis, where each command would have had its own. The bytes and their order are the same, and no command waits for
 * another's reply, nor shares its fate, as they would in a pipeline of ioredis.
 */
export function gatherWrites(redis: Redis): void {
  redis.on("connect", () => {
    const { stream } = redis;
    const write = stream.write.bind(stream);
    let gathered: Chunk[] = [];
    let size = 0;
    const flush = () => {
      const chunks = gathered;
      gathered = [];
      size = 0;
      if (chunks.length > 0) write(join(chunks));
    };
    stream.write = (chunk: Chunk) => {
      if (gathered.length === 0) setImmediate(flush);
      gathered.push(chunk);
      size += chunk.length;
      if (size > GATHERED_SIZE_MAX) flush();
      return true;
    };
  });
}

function join(chunks: readonly Chunk[]): Chunk {
  const isText = chunks.every((chunk) => typeof chunk === "string");
  return isText ? chunks.join("") : Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));
}
