import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { beforeAbort } from "../../drainer/src/command/until-aborted.ts";
import { partNameOf } from "./replace-file.ts";

export type Write = (text: string) => Promise<void>;

/**
 * Writes a file, or standard output. A file that was not finished does not stand under its name,
 * and what a killed process has left beside it is removed.
 *
 * @param work writes all of it
 * @throws the reason of `signal`, what `work` throws, and errors of the file
 */
export async function writeWhole(
  file: string | undefined,
  signal: AbortSignal,
  work: (write: Write) => Promise<void>,
): Promise<void> {
  if (file === undefined) return work(writerTo(process.stdout, signal));
  await removeAbandoned(file);
  const part = partNameOf(`${file}.${process.pid}`);
  const stream = createWriteStream(part, { flags: "wx" });
  const failed = once(stream, "error").then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  try {
    const write = writerTo(stream, signal);
    await work((text) => Promise.race([write(text), failed]));
    await Promise.race([new Promise<void>((done) => stream.end(done)), failed]);
    signal.throwIfAborted();
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

const writerTo =
  (stream: NodeJS.WritableStream, signal: AbortSignal): Write =>
  async (text) => {
    signal.throwIfAborted();
    if (!stream.write(text)) await beforeAbort(once(stream, "drain"), signal);
  };

/** Removes parts of a file whose process, named in the part, does not run any more. */
async function removeAbandoned(file: string): Promise<void> {
  const folder = dirname(file);
  const prefix = `${basename(file)}.`;
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(prefix)
      ? /^(\d+)\.[0-9a-f]{16}\.part$/.exec(name.slice(prefix.length))?.[1]
      : undefined;
    if (pid !== undefined && !isOtherProcess(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

/** Whether another process runs under this id. In a container every run may have the same id. */
function isOtherProcess(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
