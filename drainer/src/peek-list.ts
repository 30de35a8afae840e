import { defineScript, type Redis } from "shared/redis";
import peekSource from "./peek-list.lua" with { type: "text" };

/**
 * What one peek holds: 4,000 of the largest events that a ranker writes. Whatever else is in a list may be of any size.
 * A batch that grows has eight peeks at the most.
 */
export const PEEK_BYTES_MAX = 4 * 1024 * 1024;

const peekScript = defineScript({
  name: "peek-list",
  source: peekSource,
  parse: (reply) => reply as Buffer[],
  isBinary: true,
});

/**
 * The oldest elements of a list but for `behind`, byte for byte, oldest first: up to `count` of them, and fewer where they
 * have more than {@link PEEK_BYTES_MAX} bytes together. Nothing is moved.
 */
export const peekList = (redis: Redis, key: string, count: number, behind = 0): Promise<Buffer[]> =>
  peekScript(redis, [key], [count, behind, PEEK_BYTES_MAX]);
