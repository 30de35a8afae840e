import { join } from "node:path";
import { ROOT } from "./list-files.ts";
import { sections, type Variable } from "./variables.ts";

const COLUMNS = 100;

/** The documents that are made from the schemas of the services' configurations. */
export const documents = [
  { path: join(ROOT, "docs/configuration.md"), print: printPage },
  { path: join(ROOT, ".env.example"), print: printEnvExample },
];

function printPage(): string {
  const tables = sections.map(
    ({ readers, variables }) => `## ${readers}

| variable | default | values | meaning |
| --- | --- | --- | --- |
${variables.map(toRow).join("")}`,
  );
  return `# Configuration

Environment variables, as the services' schemas describe them. \`npm run configuration\` writes this page and
[\`.env.example\`](../.env.example) from those schemas, and a test compares them. A service parses its whole environment
at the start; on a fault it names every faulty variable and exits. A variable that is set to nothing counts as not set.

[Operate](operate.md) explains the limits and how to change the secret, [Deploy](deploy.md) the stores, the cluster and
the identity provider. \`npm start\` sets everything itself, with wider limits for one machine.

${tables.join("\n")}`;
}

function toRow({ name, isRequired, defaultText, values, description, regionExample }: Variable): string {
  const names = regionExample === undefined ? `\`${name}\`` : `\`${name}\`, \`${name}_<REGION>\``;
  const missing = isRequired ? "required" : defaultText === undefined ? "" : `\`${defaultText}\``;
  return `| ${names} | ${missing} | ${values} | ${description} |\n`;
}

function printEnvExample(): string {
  const blocks = sections.map(({ readers, variables }) => `${heading(readers)}\n${variables.map(toLines).join("")}`);
  return `# Every variable of the three services; docs/configuration.md shows the same as tables. A line that
# begins with "#" shows an optional variable with its default, or an example where it has none.
# \`npm start\` needs none of this. Made by: npm run configuration

${blocks.join("\n")}`;
}

const heading = (readers: string) => `# --- ${readers.toLowerCase()} `.padEnd(COLUMNS, "-");

function toLines({ name, isRequired, values, description, example, regionExample }: Variable): string {
  const text = values === "" ? description : `${description} (${values})`;
  const ofRegion = regionExample === undefined ? "" : `# The same for one region.\n#${name}_EU=${regionExample}\n`;
  return `${wrap(text)}${isRequired ? "" : "#"}${name}=${example}\n${ofRegion}`;
}

/** A comment of as many lines as it takes. */
function wrap(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (`# ${line} ${word}`.length <= COLUMNS) lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => `# ${line}\n`).join("");
}

if (import.meta.main) for (const { path, print } of documents) await Bun.write(path, print());
