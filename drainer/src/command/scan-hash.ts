import type { Redis } from "shared/redis/redis";

/** Reads a hash page by page, some `count` fields at a time. A field may come twice. */
export async function* scanHash(
  redis: Redis,
  key: string,
  count: number,
): AsyncGenerator<[field: string, value: string][]> {
  let cursor = "0";
  do {
    const [next, flat] = await redis.hscan(key, cursor, "COUNT", count);
    cursor = next;
    const page = Array.from({ length: flat.length / 2 }, (_, i): [string, string] => [
      flat[2 * i] ?? "",
      flat[2 * i + 1] ?? "",
    ]);
    if (page.length > 0) yield page;
  } while (cursor !== "0");
}
