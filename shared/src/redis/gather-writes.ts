import type { Redis } from "ioredis";
import { gatherTurn } from "../base/gather-turn.ts";

type Chunk = string | Uint8Array;

const CHUNKS_MAX = 4_096;
// Joining copies the chunks: more than this leaves in several writes.
const WRITE_BYTES_MAX = 256 * 1024;

/**
 * Hands the commands of one turn of the event loop to the socket in one write, which saves a system
 * call for each here and in Redis. Bytes and order stay the same. Unlike in a pipeline of ioredis,
 * no command waits for the reply to another, and none fails because another does.
 */
export function gatherWrites(redis: Redis): void {
  redis.on("connect", () => {
    const { stream } = redis;
    const write = stream.write.bind(stream);
    const bytes = { max: WRITE_BYTES_MAX, of: (chunk: Chunk) => chunk.length };
    const gather = gatherTurn<undefined, Chunk>({ itemsMax: CHUNKS_MAX, bytes }, (chunks) => void write(join(chunks)));
    stream.write = (chunk: Chunk) => {
      gather(undefined, chunk);
      return true;
    };
  });
}

function join(chunks: readonly Chunk[]): Chunk {
  const isText = chunks.every((chunk) => typeof chunk === "string");
  return isText ? chunks.join("") : Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));
}
