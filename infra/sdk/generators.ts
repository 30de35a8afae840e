import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ROOT } from "../checks/list-files.ts";

/** A generator of clients, and the program that uses what it makes. */
export interface Generator {
  name: string;
  /** Commands, or paths of files, without which it is skipped. */
  needs: readonly string[];
  /** Commands that make a client of `openapi.json`, as `docs/clients.md` shows them. */
  make: string;
  /** The program, and what it is built with: files of `programs` by the paths that they get. */
  files: Readonly<Record<string, string>>;
  /** Commands of bash that build, and at last run the program. */
  run: string;
}

const JAR = "openapi-generator-cli-7.17.0.jar";
const JAR_URL = `https://repo1.maven.org/maven2/org/openapitools/openapi-generator-cli/7.17.0/${JAR}`;
/** Loads the jar once, beside other tools. */
const getJar = `kept=${join(ROOT, ".data/tools", JAR)}
[ -f "$kept" ] || { curl -sSf -o "$kept.part" ${JAR_URL} && mv "$kept.part" "$kept"; }
ln -s "$kept" ${JAR}`;
const generate = (options: string) => `java -jar ${JAR} generate -i openapi.json -o leaderboard ${options}`;

const NEWTONSOFT = "/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll";

export const generators: readonly Generator[] = [
  {
    name: "openapi-typescript and openapi-fetch",
    needs: ["npm", "node"],
    make: `npm install openapi-fetch@0.17.0 openapi-typescript@7.13.0 typescript@5.9.3
npx openapi-typescript openapi.json -o leaderboard.d.ts`,
    files: { "main.ts": "openapi-fetch.txt" },
    run: `npm pkg set type=module
npm install @types/node@22.19.1
npx tsc --strict --module nodenext --target es2022 --skipLibCheck main.ts
node main.js >&3`,
  },
  {
    name: "openapi-python-client",
    needs: ["python3"],
    make: `python3 -m venv .venv
.venv/bin/pip install openapi-python-client==0.29.1
.venv/bin/openapi-python-client generate --path openapi.json --output-path leaderboard
.venv/bin/pip install ./leaderboard`,
    files: { "main.py": "python-client.py" },
    run: ".venv/bin/python main.py >&3",
  },
  {
    name: "oapi-codegen",
    needs: ["go"],
    make: `mkdir -p lb
go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -generate types,client -package lb -o lb/lb.go openapi.json
go mod tidy`,
    files: { "main.go": "oapi-codegen.go", "go.mod": "go.mod" },
    run: "go run . >&3",
  },
  {
    name: "ogen",
    needs: ["go"],
    make: `go run github.com/ogen-go/ogen/cmd/ogen@v1.25.0 --target lb --package lb --clean openapi.json
go mod tidy`,
    files: { "main.go": "ogen.go", "go.mod": "go.mod" },
    run: "go run . >&3",
  },
  {
    name: "openapi-generator for Java",
    needs: ["java", "javac", "mvn", "curl"],
    make: generate("-g java --library native"),
    files: { "leaderboard/src/main/java/Main.java": "Main.java" },
    run: `cd leaderboard
mvn -q -B -DskipTests compile dependency:build-classpath -Dmdep.outputFile=classpath
java -cp "target/classes:$(cat classpath)" Main >&3`,
  },
  {
    name: "openapi-generator for Kotlin",
    needs: ["java", "mvn", "curl"],
    make: generate("-g kotlin"),
    files: { "leaderboard/src/main/kotlin/Main.kt": "Main.kt", "leaderboard/pom.xml": "kotlin-pom.xml" },
    // It makes a build for Gradle; the same libraries come by Maven here.
    run: `cd leaderboard
mvn -q -B compile dependency:build-classpath -Dmdep.outputFile=classpath
java -cp "target/classes:$(cat classpath)" MainKt >&3`,
  },
  {
    name: "openapi-generator for Rust",
    needs: ["java", "cargo", "curl"],
    make: generate("-g rust --library reqwest --additional-properties=supportAsync=false"),
    files: { "leaderboard/examples/main.rs": "rust.rs" },
    // Without TLS, which would need a library of the system.
    run: `cd leaderboard
cargo run --quiet --no-default-features --example main >&3`,
  },
  {
    name: "openapi-generator for C#, on Mono as in Unity",
    needs: ["java", "mcs", "mono", "curl", NEWTONSOFT],
    make: generate("-g csharp --library httpclient --additional-properties=targetFramework=netstandard2.0"),
    files: { "CSharp.cs": "CSharp.cs", "Polly.cs": "Polly.cs" },
    // Everything is the generator's but two things of NuGet: Polly's types stand in Polly.cs, and
    // the naming of fields without a name, which no model has, needs a newer Newtonsoft.Json.
    run: `own=leaderboard/src/Org.OpenAPITools
sed -i '/NamingStrategy = new CamelCaseNamingStrategy/,/}/d' $own/Client/ApiClient.cs $own/Model/AbstractOpenAPISchema.cs
mcs -langversion:7.2 -nowarn:1591,0168,0219,0414 -out:game.exe -r:System.Net.Http -r:System.Runtime.Serialization \
  -r:System.ComponentModel.DataAnnotations -r:${NEWTONSOFT} *.cs $(find $own -name '*.cs')
mono game.exe >&3`,
  },
];

/**
 * Generates, builds and runs in a folder.
 *
 * @returns what the program wrote
 * @throws where a step fails, with what the steps wrote
 */
export async function runGenerator(
  { make, files, run, needs }: Generator,
  { folder, document, url }: { folder: string; document: string; url: string },
): Promise<string> {
  await writeFile(join(folder, "openapi.json"), document);
  for (const [path, file] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(import.meta.dir, "programs", file), join(folder, path));
  }
  // The program writes into descriptor 3, the steps before it elsewhere.
  const script = ["exec 3>program.log", needs.includes("java") ? getJar : "", make, run].join("\n");
  const steps = Bun.spawn(["bash", "-euc", script], {
    cwd: folder,
    env: { ...process.env, LEADERBOARD_URL: url },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, errors, code] = await Promise.all([steps.stdout.text(), steps.stderr.text(), steps.exited]);
  if (code !== 0) throw new Error(`${out}\n${errors}`.slice(-8000));
  return (await Bun.file(join(folder, "program.log")).text()).trim();
}
