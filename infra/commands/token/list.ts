import { defineCommand, flag } from "shared/command/define-command";
import type { ListedToken } from "shared/operators/token-list";
import { openTokenList } from "./open-token-list.ts";

export const listTokensCommand = defineCommand({
  name: "token list",
  about: "Lists the tokens of operators: id, role, state, and what they are for.",
  usage: "./lb token list [options]",
  options: { json: flag("one JSON object a line: id, operator, role, boards, state, made_at, expires_at") },
  notes: `
A token is valid, revoked or expired; one that has expired is listed for another week. Tokens of ./lb token NAME are not
on the list.
Ends with 0; with 1 where it failed.`,
  async run({ options: { json }, env }) {
    using opened = await openTokenList(env);
    const tokens = await opened.tokens.read();
    if (json) for (const token of tokens) process.stdout.write(`${JSON.stringify(toLine(token))}\n`);
    else process.stdout.write(format(tokens));
    return 0;
  },
});

const toLine = ({ token_id: id, name: operator, ...rest }: ListedToken) => ({ id, operator, ...rest });

const HEAD = ["id", "operator", "role", "state", "expires", "boards"];

function format(tokens: readonly ListedToken[]): string {
  if (tokens.length === 0) return "no tokens are listed: ./lb token make\n";
  const rows = tokens.map(({ token_id, name, role, state, expires_at, boards }) => [
    token_id,
    name,
    role,
    state,
    expires_at.slice(0, "2026-01-01T00:00".length),
    boards?.join(",") ?? "all",
  ]);
  const all = [HEAD].concat(rows);
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, n) => cell.padEnd(widths[n] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
