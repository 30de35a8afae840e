import { join } from "node:path";
import { type Engine, launch } from "./engine.ts";
import { freePort } from "./free-port.ts";

export interface ServiceUnderTest extends Engine {
  url: string;
  /** What it has written so far. */
  lines: string[];
}

const root = join(import.meta.dir, "..", "..");
export const JWT_SECRET = "a secret of the tests, 32 bytes and more";

/** Starts a service as a process of its own on a free port, with this environment and no other. */
export async function startService(
  name: "gateway" | "ranker" | "drainer",
  env: Record<string, string>,
): Promise<ServiceUnderTest> {
  const port = await freePort();
  const lines: string[] = [];
  const engine = await launch({
    ...{ command: process.execPath, args: [join(root, name, "src/main.ts")], port, stopSignal: "SIGTERM" },
    readyWhen: name === "drainer" ? /"msg":"draining"/ : /"msg":"listening"/,
    onLine: (line) => lines.push(line),
    spawn: { cwd: import.meta.dir, env: { PATH: process.env.PATH, JWT_SECRET, ...env, PORT: String(port) } },
  });
  return { ...engine, url: `http://127.0.0.1:${port}`, lines };
}
