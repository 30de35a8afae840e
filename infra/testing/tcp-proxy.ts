/** Network faults between a service and a dependency. */

import { createServer, type Socket, connect as tcpConnect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A TCP proxy between a service and a dependency, which misbehaves on demand. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that were opened so far. */
  readonly opened: number;
  /** Passes everything on new connections. Those of a black hole stay half-open. */
  pass(): void;
  /** Refuses new connections and resets the present ones, until `pass`. */
  refuse(): void;
  /** Resets the present connections; new ones pass. */
  reset(): void;
  /** Resets the present connections; new ones lead to another port. */
  redirect(port: number): void;
  /** Drops every byte in both directions, on present and new connections, and closes nothing. */
  blackHole(): void;
  /** Delays replies by so many milliseconds. */
  delayReplies(ms: number): void;
  /**
   * Passes the next request that contains `text` (in any case), and everything after it, but holds
   * the replies back, as if they were lost after the request was applied.
   *
   * @returns the reply, once it has come
   */
  catchReply(text: string): Promise<CaughtReply>;
  /**
   * Holds back the next request that contains `text` (in any case), and everything after it on its
   * connection.
   */
  catchRequest(text: string): Promise<CaughtRequest>;
  close(): void;
}

export interface CaughtReply {
  /** Passes the reply on, as a slow one. */
  release(): void;
  /** Loses the reply, and breaks the connection. */
  drop(): void;
}

export interface CaughtRequest {
  drop(): void;
}

interface Link {
  client: Socket;
  server: Socket;
  isDead: boolean;
  requestsHeld: boolean;
  /** Replies held back; undefined while none are. */
  heldReplies: Buffer[] | undefined;
}

interface Trap {
  text: string;
  side: "request" | "reply";
  spring(link: Link): void;
}

type Mode = "pass" | "refuse" | "black hole";

/** Opens a proxy on a free port of 127.0.0.1 that leads to `firstPort`. */
export async function openTcpProxy(firstPort: number): Promise<TcpProxy> {
  let targetPort = firstPort;
  let mode: Mode = "pass";
  let opened = 0;
  let delayMs = 0;
  let trap: Trap | undefined;
  const links = new Set<Link>();

  function onRequest(link: Link, chunk: Buffer): void {
    if (link.isDead) return;
    const sprung = trap?.side === "request" && contains(chunk, trap.text) ? trap : undefined;
    if (sprung !== undefined) {
      trap = undefined;
      link.requestsHeld = true;
      sprung.spring(link);
    }
    if (link.requestsHeld) return;
    if (trap?.side === "reply" && contains(chunk, trap.text)) link.heldReplies ??= [];
    link.server.write(chunk);
  }

  function onReply(link: Link, chunk: Buffer): void {
    if (link.isDead) return;
    if (link.heldReplies !== undefined) {
      link.heldReplies.push(chunk);
      const sprung = trap?.side === "reply" ? trap : undefined;
      trap = undefined;
      sprung?.spring(link);
    } else if (delayMs > 0) {
      void delay(delayMs).then(() => link.client.write(chunk));
    } else {
      link.client.write(chunk);
    }
  }

  const server = createServer((client) => {
    opened++;
    if (mode === "refuse") return void client.resetAndDestroy();
    const link: Link = {
      client,
      server: tcpConnect(targetPort, "127.0.0.1"),
      isDead: mode === "black hole",
      requestsHeld: false,
      heldReplies: undefined,
    };
    links.add(link);
    client.on("data", (chunk: Buffer) => onRequest(link, chunk));
    link.server.on("data", (chunk: Buffer) => onReply(link, chunk));
    for (const [socket, other] of [
      [client, link.server],
      [link.server, client],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", () => {
        if (!link.isDead) other.destroy(); // a black hole hides that the other end has gone
        if (client.destroyed && link.server.destroyed) links.delete(link);
      });
    }
  });

  const breakAll = () => {
    for (const link of links) breakLink(link);
  };
  const set = <S extends Trap["side"]>(side: S, text: string) =>
    new Promise<Link>((spring) => {
      trap = { side, text: text.toLowerCase(), spring };
    });

  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    get opened() {
      return opened;
    },
    pass() {
      mode = "pass";
      delayMs = 0;
    },
    refuse() {
      mode = "refuse";
      breakAll();
    },
    reset: breakAll,
    redirect(port) {
      targetPort = port;
      breakAll();
    },
    blackHole() {
      mode = "black hole";
      for (const link of links) link.isDead = true;
    },
    delayReplies(ms) {
      delayMs = ms;
    },
    async catchReply(text) {
      const link = await set("reply", text);
      return {
        release() {
          for (const chunk of link.heldReplies ?? []) link.client.write(chunk);
          link.heldReplies = undefined;
        },
        drop: () => breakLink(link),
      };
    },
    async catchRequest(text) {
      const link = await set("request", text);
      return { drop: () => breakLink(link) };
    },
    close() {
      server.close();
      for (const { client, server: upstream } of links) {
        client.destroy();
        upstream.destroy();
      }
    },
  };
}

const contains = (chunk: Buffer, text: string) => chunk.toString("latin1").toLowerCase().includes(text);

function breakLink({ client, server }: Link): void {
  client.resetAndDestroy();
  server.destroy();
}
