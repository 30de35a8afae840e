import { bundleClient, sizeOf } from "./bundle-client.ts";

const { minified, gzipped } = sizeOf(await bundleClient());
process.stdout.write(`shared/client: ${minified} bytes minified, ${gzipped} with gzip\n`);
