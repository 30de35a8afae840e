import { join } from "node:path";

const ENTRY = join(import.meta.dir, "../../shared/client/src/leaderboard-client.ts");

/**
 * The client as one minified module, for browsers, Node and Bun alike.
 *
 * @throws AggregateError where it does not build
 */
export async function bundleClient(): Promise<string> {
  const { outputs } = await Bun.build({ entrypoints: [ENTRY], minify: true, target: "browser", format: "esm" });
  return (await Promise.all(outputs.map((output) => output.text()))).join("");
}

/** Bytes that a page loads for the client, as they are and compressed. */
export const sizeOf = (code: string) => ({
  minified: Buffer.byteLength(code),
  gzipped: Bun.gzipSync(Buffer.from(code)).byteLength,
});

if (import.meta.main) {
  const { minified, gzipped } = sizeOf(await bundleClient());
  process.stdout.write(`leaderboard-client: ${minified} bytes minified, ${gzipped} with gzip\n`);
}
