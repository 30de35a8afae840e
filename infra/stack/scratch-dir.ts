import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder that any user may enter. */
export async function scratchDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "leaderboard-test-"));
  await chmod(dir, 0o755); // PostgreSQL may run as another user
  return dir;
}
