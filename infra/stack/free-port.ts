import { createServer } from "node:net";

// Below the ports of outgoing connections (Linux from 32768 on, macOS from 49152), which could take
// a port between this check and the start of the server.
const LOWEST = 18_000;
const HIGHEST = 32_000;
const TRIES = 100;

const given = new Set<number>();

/** A TCP port on 127.0.0.1 that is free now. Each call returns another one. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (given.has(port) || !(await isPortFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`none of ${TRIES} ports between ${LOWEST} and ${HIGHEST} is free`);
}

/** Whether a server can listen on `127.0.0.1:port` now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
