import { bundleClient, sizeOf } from "./client/bundle.ts";

const { minified, gzipped } = sizeOf(await bundleClient());
process.stdout.write(`shared/client: ${minified} bytes minified, ${gzipped} with gzip\n`);
