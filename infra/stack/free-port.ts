import { createSocket } from "node:dgram";
import { createServer } from "node:net";

// Below the ports of outgoing connections (Linux from 32768 on, macOS from 49152), which could take
// a port between this check and the start of the server.
const LOWEST = 18_000;
const HIGHEST = 32_000;
const TRIES = 100;

/**
 * A TCP port on 127.0.0.1 that is free now. Each call returns another one, and no other process
 * gets it.
 */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/**
 * As many free ports as this, one behind the other.
 *
 * @throws Error where it finds none
 */
export async function freePorts(count: number): Promise<number[]> {
  for (let tried = 0; tried < TRIES; tried++) {
    const lowest = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count));
    const ports = Array.from({ length: count }, (_, index) => lowest + index);
    if ((await Promise.all(ports.map(reserve))).every(Boolean)) return ports;
  }
  throw new Error(`no ${count} ports between ${LOWEST} and ${HIGHEST} are free`);
}

/**
 * Two processes that picked the same port would both find it free, and the second server would not
 * start. So a process holds each of its ports until it ends, by the UDP port of the same number.
 */
async function reserve(port: number): Promise<boolean> {
  return (await holdUdp(port)) && isPortFree(port);
}

function holdUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => resolve(false));
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => {
      socket.unref();
      resolve(true);
    });
  });
}

/** Whether a server can listen on `127.0.0.1:port` now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
