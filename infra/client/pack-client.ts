import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleClient, sizeOf } from "./client-size.ts";

const ROOT = join(import.meta.dir, "../..");
const SOURCE = join(ROOT, "shared/client");

interface Manifest {
  name: string;
  version?: string;
  private?: boolean;
  license: string;
  exports: unknown;
  devDependencies?: unknown;
}

/**
 * Builds the client as npm has it: modules, declarations, README and license.
 *
 * @param folder is emptied; the package is below it, and the tarball in it
 * @param repository the URL of the repository; npm wants it for a provenance
 * @returns the path of the tarball
 */
export async function packClient(folder: string, repository?: string): Promise<string> {
  const built = join(folder, "package");
  await rm(folder, { recursive: true, force: true });
  await mkdir(built, { recursive: true });
  await run(["tsc", "-p", join(SOURCE, "tsconfig.json"), "--outDir", join(built, "dist")], ROOT);
  await nameModules(join(built, "dist"));
  const { version } = await readManifest(ROOT);
  const { private: _, devDependencies: _tools, exports: _source, ...manifest } = await readManifest(SOURCE);
  const entry = "./dist/leaderboard-client";
  const published = {
    ...manifest,
    version,
    repository:
      repository === undefined ? undefined : { type: "git", url: `git+${repository}.git`, directory: "shared/client" },
    exports: {
      ".": { types: `${entry}.d.ts`, default: `${entry}.js` },
      "./package.json": "./package.json",
    },
    // For tools that do not read `exports`.
    main: `${entry}.js`,
    types: `${entry}.d.ts`,
    files: ["dist"],
  };
  await writeFile(join(built, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
  await cp(join(SOURCE, "README.md"), join(built, "README.md"));
  await cp(join(ROOT, "LICENSE"), join(built, "LICENSE"));
  // Without the version, so that who installs the file need not know it.
  const tarball = join(folder, `${manifest.name}.tgz`);
  await run(["bun", "pm", "pack", "--quiet", "--filename", tarball], built);
  return tarball;
}

/** `tsc` leaves `./errors.ts` in declarations, which compilers before TypeScript 5 refuse. */
async function nameModules(dist: string): Promise<void> {
  const files = await readdir(dist, { recursive: true });
  for (const file of files.filter((name) => name.endsWith(".d.ts"))) {
    const text = await readFile(join(dist, file), "utf8");
    await writeFile(join(dist, file), text.replaceAll(/(from "\.[^"]+)\.ts"/g, '$1.js"'));
  }
}

const readManifest = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, "package.json"), "utf8"));

async function run([command = "", ...rest]: string[], cwd: string): Promise<void> {
  const words = command === "bun" ? [process.execPath, ...rest] : [process.execPath, "x", command, ...rest];
  const child = Bun.spawn(words, { cwd, stdout: "pipe", stderr: "pipe" });
  const [output, errors, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (status !== 0) throw new Error(`${command} failed:\n${output}${errors}`);
}

if (import.meta.main) {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
  const repository = GITHUB_REPOSITORY === undefined ? undefined : `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;
  const tarball = await packClient(join(ROOT, ".data/client"), repository);
  const { minified, gzipped } = sizeOf(await bundleClient());
  process.stdout.write(
    `${tarball}: ${Bun.file(tarball).size} bytes; in an app ${minified} minified, ${gzipped} with gzip\n`,
  );
}
