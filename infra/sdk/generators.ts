import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../checks/list-files.ts";

/** A generator of clients, and the program that uses what it makes. */
export interface Generator {
  name: string;
  /** Commands without which it is skipped. */
  needs: readonly string[];
  /** The program in `programs`, and its name where it runs. */
  program: string;
  as: string;
  /** Commands of bash that generate from `../openapi.json`, build, and at last run the program. */
  steps: string;
}

const OPENAPI_GENERATOR = "7.17.0";
const JAR = `openapi-generator-cli-${OPENAPI_GENERATOR}.jar`;
const MAVEN = "https://repo1.maven.org/maven2/org/openapitools/openapi-generator-cli";
/** Keeps the jar beside other tools, so that it is loaded once. */
const getJar = `jar=${join(ROOT, ".data/tools", JAR)}
[ -f "$jar" ] || { curl -sSf -o "$jar.part" ${MAVEN}/${OPENAPI_GENERATOR}/${JAR} && mv "$jar.part" "$jar"; }`;

export const generators: readonly Generator[] = [
  {
    name: "openapi-typescript and openapi-fetch",
    needs: ["npm", "node"],
    program: "openapi-fetch.txt",
    as: "main.ts",
    steps: `echo '{"type":"module","private":true}' > package.json
npm install --silent --no-audit --no-fund openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3 @types/node@22.19.1
npx openapi-typescript ../openapi.json -o schema.d.ts >&2
npx tsc --strict --module nodenext --target es2022 --skipLibCheck main.ts >&2
node main.js`,
  },
  {
    name: "openapi-python-client",
    needs: ["python3"],
    program: "python-client.py",
    as: "main.py",
    steps: `python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 >&2
env/bin/openapi-python-client generate --path ../openapi.json --output-path made --overwrite >&2
PYTHONPATH=made env/bin/python main.py`,
  },
  {
    name: "oapi-codegen",
    needs: ["go"],
    program: "oapi-codegen.go",
    as: "main.go",
    steps: `go mod init example.org/game >&2 2>/dev/null
mkdir -p lb
go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -generate types,client -package lb -o lb/lb.go ../openapi.json >&2
go mod tidy >/dev/null 2>&1
go run .`,
  },
  {
    name: "ogen",
    needs: ["go"],
    program: "ogen.go",
    as: "main.go",
    steps: `go mod init example.org/game >&2 2>/dev/null
go run github.com/ogen-go/ogen/cmd/ogen@v1.25.0 --target lb --package lb --clean ../openapi.json >ogen.log 2>&1 || { tail -20 ogen.log >&2; exit 1; }
go mod tidy >/dev/null 2>&1
go run .`,
  },
  {
    name: "openapi-generator for Java",
    needs: ["java", "javac", "mvn", "curl"],
    program: "Main.java",
    as: "made/src/main/java/Main.java",
    steps: `${getJar}
java -jar "$jar" generate -i ../openapi.json -g java -o made --library native >made.log 2>&1 || { tail -20 made.log >&2; exit 1; }
cd made
mvn -q -B -DskipTests compile dependency:build-classpath -Dmdep.outputFile=classpath >&2
java -cp "target/classes:$(cat classpath)" Main`,
  },
];

/**
 * Generates, builds and runs in a folder.
 *
 * @returns what the program wrote
 * @throws where a step fails
 */
export async function runGenerator(
  { program, as, steps }: Generator,
  { folder, document, url }: { folder: string; document: string; url: string },
): Promise<string> {
  const own = join(folder, "client");
  await mkdir(join(own, as, ".."), { recursive: true });
  await writeFile(join(folder, "openapi.json"), document);
  await cp(join(import.meta.dir, "programs", program), join(own, as));
  const run = Bun.spawn(["bash", "-euc", steps], {
    cwd: own,
    env: { ...process.env, LEADERBOARD_URL: url },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, errors, code] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
  if (code !== 0) throw new Error(`${errors}\n${out}`);
  return out.trim();
}
