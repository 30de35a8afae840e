import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ROOT } from "../checks/list-files.ts";

/** A generator of clients, and the program that uses what it makes. */
export interface Generator {
  name: string;
  /** Commands, or paths of files, without which it is skipped. */
  needs: readonly string[];
  /** The program, and what it is built with: files of `programs` by the paths that they get. */
  files: Readonly<Record<string, string>>;
  /** Commands of bash that generate from `../openapi.json`, build, and at last run the program. */
  steps: string;
}

const OPENAPI_GENERATOR = "7.17.0";
const JAR = `openapi-generator-cli-${OPENAPI_GENERATOR}.jar`;
const MAVEN = "https://repo1.maven.org/maven2/org/openapitools/openapi-generator-cli";

/** Runs OpenAPI Generator into `made`. Its jar is kept beside other tools, so that it is loaded once. */
const generate = (options: string) => `jar=${join(ROOT, ".data/tools", JAR)}
[ -f "$jar" ] || { curl -sSf -o "$jar.$$" ${MAVEN}/${OPENAPI_GENERATOR}/${JAR} && mv "$jar.$$" "$jar"; }
java -jar "$jar" generate -i ../openapi.json -o made ${options} >made.log 2>&1 || { tail -20 made.log >&2; exit 1; }`;

const NEWTONSOFT = "/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll";

export const generators: readonly Generator[] = [
  {
    name: "openapi-typescript and openapi-fetch",
    needs: ["npm", "node"],
    files: { "main.ts": "openapi-fetch.txt" },
    steps: `echo '{"type":"module","private":true}' > package.json
npm install --silent --no-audit --no-fund openapi-typescript@7.13.0 openapi-fetch@0.17.0 typescript@5.9.3 @types/node@22.19.1
npx openapi-typescript ../openapi.json -o schema.d.ts >&2
npx tsc --strict --module nodenext --target es2022 --skipLibCheck main.ts >&2
node main.js`,
  },
  {
    name: "openapi-python-client",
    needs: ["python3"],
    files: { "main.py": "python-client.py" },
    steps: `python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check openapi-python-client==0.29.1 >&2
env/bin/openapi-python-client generate --path ../openapi.json --output-path made --overwrite >&2
PYTHONPATH=made env/bin/python main.py`,
  },
  {
    name: "oapi-codegen",
    needs: ["go"],
    files: { "main.go": "oapi-codegen.go" },
    steps: `go mod init example.org/game >&2 2>/dev/null
mkdir -p lb
go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -generate types,client -package lb -o lb/lb.go ../openapi.json >&2
go mod tidy >/dev/null 2>&1
go run .`,
  },
  {
    name: "ogen",
    needs: ["go"],
    files: { "main.go": "ogen.go" },
    steps: `go mod init example.org/game >&2 2>/dev/null
go run github.com/ogen-go/ogen/cmd/ogen@v1.25.0 --target lb --package lb --clean ../openapi.json >ogen.log 2>&1 || { tail -20 ogen.log >&2; exit 1; }
go mod tidy >/dev/null 2>&1
go run .`,
  },
  {
    name: "openapi-generator for Java",
    needs: ["java", "javac", "mvn", "curl"],
    files: { "made/src/main/java/Main.java": "Main.java" },
    steps: `${generate("-g java --library native")}
cd made
mvn -q -B -DskipTests compile dependency:build-classpath -Dmdep.outputFile=classpath >&2
java -cp "target/classes:$(cat classpath)" Main`,
  },
  {
    name: "openapi-generator for Kotlin",
    needs: ["java", "mvn", "curl"],
    files: { "made/src/main/kotlin/Main.kt": "Main.kt", "made/pom.xml": "kotlin-pom.xml" },
    // It makes a build for Gradle; the same libraries come by Maven here.
    steps: `${generate("-g kotlin")}
cd made
mvn -q -B compile dependency:build-classpath -Dmdep.outputFile=classpath >&2
java -cp "target/classes:$(cat classpath)" MainKt`,
  },
  {
    name: "openapi-generator for Rust",
    needs: ["java", "cargo", "curl"],
    files: { "made/examples/main.rs": "rust.rs" },
    // Without TLS, which would need a compiler of C.
    steps: `${generate("-g rust --library reqwest --additional-properties=supportAsync=false")}
cd made
cargo run --quiet --no-default-features --example main`,
  },
  {
    name: "openapi-generator for C#, on Mono as in Unity",
    needs: ["java", "mcs", "mono", "curl", NEWTONSOFT],
    files: { "CSharp.cs": "CSharp.cs", "Polly.cs": "Polly.cs" },
    // Everything is the generator's but two things of NuGet: Polly's types stand in Polly.cs, and
    // the naming of fields without a name, which no model has, needs a newer Newtonsoft.Json.
    steps: `${generate("-g csharp --library httpclient --additional-properties=targetFramework=netstandard2.0")}
own=made/src/Org.OpenAPITools
sed -i '/NamingStrategy = new CamelCaseNamingStrategy/,/}/d' $own/Client/ApiClient.cs $own/Model/AbstractOpenAPISchema.cs
mcs -langversion:7.2 -nowarn:1591,0168,0219,0414 -out:game.exe -r:System.Net.Http -r:System.Runtime.Serialization \\
  -r:System.ComponentModel.DataAnnotations -r:${NEWTONSOFT} *.cs $(find $own -name '*.cs') >&2
mono game.exe`,
  },
];

/**
 * Generates, builds and runs in a folder.
 *
 * @returns what the program wrote
 * @throws where a step fails
 */
export async function runGenerator(
  { files, steps }: Generator,
  { folder, document, url }: { folder: string; document: string; url: string },
): Promise<string> {
  const own = join(folder, "client");
  await mkdir(own);
  await writeFile(join(folder, "openapi.json"), document);
  for (const [path, file] of Object.entries(files)) {
    await mkdir(dirname(join(own, path)), { recursive: true });
    await cp(join(import.meta.dir, "programs", file), join(own, path));
  }
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
