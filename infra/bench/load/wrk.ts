import { join } from "node:path";
import type { Driven } from "../harness/load.ts";
import { runToSuccess } from "./program.ts";

/** The requests of a load, as arguments of `wrk.lua`. */
export type WrkRequest =
  | [kind: "submit", tokensFile: string, delta: number]
  | [kind: "score", tokensFile: string, path: string, board: string, least: number, most: number]
  | [
      kind: "boards",
      tokensFile: string,
      boards: number,
      writers: number,
      delta: number,
      percentOfWrites: number,
      region: string,
    ]
  | [kind: "items", token: string, players: number, region: string, items: number]
  | [kind: "rank", players: number, region: string]
  | [kind: "around", players: number, region: string, range: number]
  | [kind: "ranks", players: number, region: string, ids: number]
  | [kind: "tops", region: string, most: number]
  | [kind: "pages", region: string, least: number, most: number]
  | [kind: "mix", tokensFile: string, delta: number, percentOfWrites: number, players: number, region: string]
  | [kind: "get", path: string];

export interface WrkOptions {
  url: string;
  request: WrkRequest;
  connections: number;
  seconds: number;
  /**
   * Arrival rate; without it each connection sends the next request as soon as it has an answer.
   */
  perSecond?: number;
}

/** The path of wrk, or nothing where it is not installed. */
export const wrk = Bun.which("wrk") ?? undefined;

export const HOW_TO_GET_WRK = "wrk is not installed. One of: apt-get install wrk; brew install wrk";

const THREADS = 2;

/** The JSON line of `wrk.lua`: its totals, and counts of errors by kind. */
type Totals = "requests" | "durationUs" | "p50Us" | "p99Us";
type Summary = Record<Totals | "connect" | "read" | "write" | "timeout" | "status", number>;

/** Reads the summary in the output of wrk. @throws Error without one */
export function parseWrk(output: string): Omit<Driven, "clientCpuUs"> {
  const line = output.split("\n").findLast((each) => each.startsWith("{"));
  if (line === undefined) throw new Error(`wrk reported nothing\n${output}`);
  const { requests, durationUs, p50Us, p99Us, status, ...broken } = JSON.parse(line) as Summary;
  const faults = Object.entries(broken).flatMap(([what, times]) => (times > 0 ? [`${times} ${what} errors`] : []));
  if (status > 0) faults.unshift(`${status} of ${requests} requests were refused`);
  return { items: requests, seconds: durationUs / 1e6, p50Ms: p50Us / 1000, p99Ms: p99Us / 1000, faults };
}

/** Sends requests over keep-alive connections. @throws Error when wrk fails */
export async function runWrk({ url, request, connections, seconds, perSecond = 0 }: WrkOptions): Promise<Driven> {
  if (wrk === undefined) throw new Error(HOW_TO_GET_WRK);
  const threads = Math.min(THREADS, connections);
  const duration = Math.ceil(seconds);
  const options = ["-t", threads, "-c", connections, "-d", `${duration}s`, "-s", join(import.meta.dir, "wrk.lua")];
  const command = [wrk, ...options, url, "--", ...request, perSecond / threads].map(String);
  // wrk takes whole seconds; interrupted, it reports how long it ran.
  const { output, cpuUs } = await runToSuccess(command, duration > seconds ? { timeout: seconds * 1000 } : {});
  return { ...parseWrk(output), clientCpuUs: cpuUs };
}
