/** Resources that live as long as the test file that opens them. */

import { afterAll } from "bun:test";
import { rm } from "node:fs/promises";
import { scratchDir } from "stack/scratch-dir";

type Closable = { dispose(): unknown } | { close(): unknown } | { stop(): unknown };

const CLOSE_TIMEOUT_MS = 30_000;
const opened: Closable[] = [];

/**
 * Closes a resource at the end of the test file, the one opened last first. To be called while the
 * file is loaded.
 */
export async function forFile<R extends Closable>(opening: R | Promise<R>): Promise<R> {
  const resource = await opening;
  opened.push(resource);
  afterAll(async () => {
    const last = opened.pop();
    if (last === undefined) return;
    if ("dispose" in last) await last.dispose();
    else if ("close" in last) await last.close();
    else await last.stop();
  }, CLOSE_TIMEOUT_MS);
  return resource;
}

/** A folder that any user may enter. It is removed at the end of the test file. */
export async function dirForFile(): Promise<string> {
  const dir = await scratchDir();
  await forFile({ dispose: () => rm(dir, { recursive: true, force: true }) });
  return dir;
}
