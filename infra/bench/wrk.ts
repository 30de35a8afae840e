import { join } from "node:path";
import type { Driven } from "./load.ts";

/** What is asked for, in the words of `wrk.lua`. */
export type Asked =
  | ["submit", tokensFile: string, delta: number]
  | ["rank", players: number, region: string]
  | ["get", path: string];

export interface WrkOptions {
  url: string;
  asked: Asked;
  connections: number;
  seconds: number;
  /** Requests a second that are due, answered or not; as many as there are answers unless it is given. */
  perSecond?: number;
}

/** The path of wrk, or nothing where it is not installed. */
export const wrk = Bun.which("wrk") ?? undefined;

export const HOW_TO_GET_WRK = "wrk is not installed. One of: apt-get install wrk; brew install wrk";

const THREADS = 2;

/** The line that `wrk.lua` writes. */
interface Summary extends Record<"connect" | "read" | "write" | "timeout" | "status", number> {
  requests: number;
  durationUs: number;
  p50Us: number;
  p99Us: number;
}

/** What `wrk.lua` writes at its end. @throws Error where it has written nothing */
export function parseWrk(output: string): Omit<Driven, "clientCpuUs"> {
  const line = output.split("\n").findLast((each) => each.startsWith("{"));
  if (line === undefined) throw new Error(`wrk told nothing\n${output}`);
  const { requests, durationUs, p50Us, p99Us, status, ...broken } = JSON.parse(line) as Summary;
  const faults = Object.entries(broken).flatMap(([what, times]) => (times > 0 ? [`${times} ${what} errors`] : []));
  if (status > 0) faults.unshift(`${status} of ${requests} answers were refusals`);
  const [p50Ms, p99Ms] = [p50Us / 1000, p99Us / 1000];
  return { requests, seconds: durationUs / 1e6, p50Ms, p99Ms, faults };
}

/** Asks over keep-alive connections for as long as said. @throws Error when wrk fails */
export async function runWrk({ url, asked, connections, seconds, perSecond = 0 }: WrkOptions): Promise<Driven> {
  if (wrk === undefined) throw new Error(HOW_TO_GET_WRK);
  const threads = Math.min(THREADS, connections);
  const duration = Math.ceil(seconds); // it takes whole ones
  const options = ["-t", threads, "-c", connections, "-d", `${duration}s`, "-s", join(import.meta.dir, "wrk.lua")];
  const child = Bun.spawn([wrk, ...options.map(String), url, "--", ...asked.map(String), String(perSecond / threads)], {
    stdin: "ignore",
    stderr: "pipe",
  });
  // Interrupted it ends as it does by itself, and tells how long it was.
  const timer = duration === seconds ? undefined : setTimeout(() => child.kill("SIGINT"), seconds * 1000);
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  clearTimeout(timer);
  if ((await child.exited) !== 0) throw new Error(`wrk ended with ${child.exitCode}\n${output}${errors}`);
  return { ...parseWrk(output), clientCpuUs: Number(child.resourceUsage()?.cpuTime.total ?? 0) };
}
