import { Problem } from "../api/problems.ts";

/**
 * Reads a body of so many bytes where there is room for it.
 *
 * @throws Problem `unavailable` without room; what `read` throws
 */
export type InRoom = <T>(bytes: number, read: () => Promise<T>) => Promise<T>;

/**
 * Room for bodies that are read at the same time. Without it clients that send slowly would fill
 * the memory of a service: a large body may take half a minute.
 */
export function createRoom(bytesMax: number): InRoom {
  let taken = 0;
  return async (bytes, read) => {
    if (taken + bytes > bytesMax) throw noRoom();
    taken += bytes;
    try {
      return await read();
    } finally {
      taken -= bytes;
    }
  };
}

const noRoom = () =>
  new Problem("unavailable", "Too many large bodies are on their way at once. Nothing was changed; try again.");
