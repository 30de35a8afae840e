/** The code blocks of a document, as one bash script that runs them in their order. */

/** A fenced block. */
export interface Block {
  /** Line of the opening fence, from 1. */
  line: number;
  /** `sh`, `ts`, `sql`, `json`, `mermaid`; empty for a picture in characters. */
  language: string;
  text: string;
  /** Why it is not run: an HTML comment `not run: …` above it says so. */
  notRun?: string;
}

/** Languages of what is only shown. */
export const SHOWN: ReadonlySet<string> = new Set(["", "json", "mermaid"]);

const FENCED = /^(?:<!-- not run: (.+) -->\n)?```(\w*)\n([\s\S]*?)^```$/gm;

export function readBlocks(markdown: string): Block[] {
  return [...markdown.matchAll(FENCED)].map(({ index, 1: notRun, 2: language = "", 3: text = "" }) => {
    const line = markdown.slice(0, index).split("\n").length + (notRun === undefined ? 0 : 1);
    const block: Block = { line, language, text };
    if (notRun !== undefined) block.notRun = notRun;
    return block;
  });
}

/**
 * What a reader does who has two terminals: `npm start` runs in the other one, and a stack before
 * it is stopped. A stream (`curl -N`) is watched for a second; any other answer has to be a
 * success, after some retries on a busy machine.
 */
const PRELUDE = `
set -eo pipefail
stop_stack() {
  [ -f .data/stack.json ] || return 0
  kill "$(sed 's/.*"stack":{"pid":\\([0-9]*\\).*/\\1/' .data/stack.json)"
  wait "$STACK" || true
}
npm() {
  if [ "$1" != start ]; then command npm "$@"; return; fi
  stop_stack
  : >start.log
  command npm "$@" >>start.log 2>&1 &
  STACK=$!
  until grep -q '^Leaderboard is ready' start.log; do
    kill -0 "$STACK" || { cat start.log; return 1; }
    read -rt 0.1 <> <(:) || true
  done
  # The first start of all: the commands that it prints are for the reader as well.
  if [ ! -f .data/welcomed ]; then
    touch .data/welcomed
    sed -n 's/^    //p' start.log >welcome.sh
    . ./welcome.sh
  fi
}
curl() {
  if [ "$1" = -N ]; then { timeout 1 curl -s "$@" || true; } | grep -m1 '^event: snapshot'; else command curl -sS --fail-with-body --retry 5 "$@"; fi
}
trap stop_stack EXIT
`;

const RUN_SQL = `
const { default: connect } = await import("postgres");
const sql = connect(process.env.POSTGRES_URL_EU, { max: 1 });
console.log(await sql.unsafe(await Bun.stdin.text()));
await sql.end();
`;

/**
 * Runs the blocks, each announced by its line.
 *
 * @throws Error for a language that it does not run
 */
export function toScript(document: string, blocks: readonly Block[]): string {
  const steps = blocks.map((block) => `echo "== ${document}:${block.line}"\n${toStep(block)}\n`);
  const isStarting = blocks.some(({ text, notRun }) => notRun === undefined && /^npm start/m.test(text));
  return PRELUDE + (isStarting ? "" : "npm start\n") + steps.join("");
}

function toStep({ language, text, notRun }: Block): string {
  const here = (command: string) => `${command} <<'END_OF_BLOCK'\n${text}END_OF_BLOCK`;
  if (notRun !== undefined) return `echo 'not run: ${notRun.replaceAll("'", "'\\''")}'`;
  if (SHOWN.has(language)) return "true";
  if (language === "sh") return text;
  if (language === "ts") return `${here("cat >example.ts")}\nbash infra/bun.sh example.ts`;
  if (language === "sql") return here(`bash infra/bun.sh --env-file=.data/stack.env -e '${RUN_SQL}'`);
  throw new Error(`a block in ${language}: how is it run?`);
}
