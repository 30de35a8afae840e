import { createServer, type Server } from "node:net";

// Below the ports of outgoing connections (Linux from 32768 on, macOS from 49152), which could take
// a port between this check and the start of the server.
const LOWEST = 18_000;
const HIGHEST = 32_000;
// Two test processes that pick the same port fail when the second server starts. So each process
// picks from a range of its own, and holds it by listening on its first port until it ends.
const RANGE = 250;

let held: Promise<number> | undefined;
let given = 0;

/**
 * A TCP port on 127.0.0.1 that is free now. Each call returns another one, and no other process
 * gets it.
 */
export async function freePort(): Promise<number> {
  return (await freePorts(1))[0] ?? 0;
}

/** As many free ports as this, one behind the other. @throws Error where no range has room */
export async function freePorts(count: number): Promise<number[]> {
  held ??= holdRange();
  const first = await held;
  for (let tried = 0; tried < RANGE; tried++) {
    if ((given % RANGE) + count >= RANGE) given += RANGE - (given % RANGE);
    const lowest = first + 1 + (given % RANGE);
    given += count;
    const ports = Array.from({ length: count }, (_, index) => lowest + index);
    if ((await Promise.all(ports.map(isPortFree))).every(Boolean)) return ports;
  }
  throw new Error(`no ${count} ports between ${first} and ${first + RANGE} are free`);
}

/** Whether a server can listen on `127.0.0.1:port` now. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = await listen(port);
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  return server !== undefined;
}

/** @returns the port that holds the range, its lowest */
async function holdRange(): Promise<number> {
  const ranges = Math.floor((HIGHEST - LOWEST) / RANGE);
  const start = Math.floor(Math.random() * ranges);
  for (let tried = 0; tried < ranges; tried++) {
    const first = LOWEST + ((start + tried) % ranges) * RANGE;
    const server = await listen(first);
    server?.unref();
    if (server !== undefined) return first;
  }
  throw new Error(`other processes hold all ports between ${LOWEST} and ${HIGHEST}`);
}

/** @returns the server, or undefined where the port is taken */
function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
