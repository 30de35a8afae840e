/** Raw HTTP over a TCP connection. */

import { connect, type Socket } from "node:net";

/** A connection that sends bytes as they are, also those that no HTTP client sends. */
export interface RawConnection {
  socket: Socket;
  /** Resolves with everything received, when the server has closed. */
  ended: Promise<string>;
}

/** Opens a connection to 127.0.0.1 and writes. Every character is one byte. */
export function openRaw(port: number, bytes: string): RawConnection {
  const socket = connect(port, "127.0.0.1");
  let received = "";
  const ended = new Promise<string>((resolve) => {
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });
  socket.write(Buffer.from(bytes, "latin1"));
  return { socket, ended };
}

/** The head of a request, a line each. */
export const toLines = (...lines: string[]) => lines.map((line) => `${line}\r\n`).join("");

export const statusesOf = (received: string) =>
  [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
