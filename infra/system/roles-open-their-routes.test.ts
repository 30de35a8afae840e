import { expect, test } from "bun:test";
import type { BoardView } from "shared/api/definitions";
import type { Operation, OperatorAccess } from "shared/api/operation";
import { rankerOperations } from "shared/api/operations";
import { createTokens, type Operator } from "shared/auth/tokens";
import type { Role } from "shared/model/roles";
import { forFile } from "testing/for-file";
import { tokenOptions } from "../../ranker/test/ranker-under-test.ts";
import { startPath } from "./test/path-under-test.ts";

const path = await forFile(startPath({ passwordsRequired: false, revocations: new Set() }));
const { issueListed } = createTokens(tokenOptions);

/** Every route for operators. One that is added to the descriptions is tried here as well. */
const routes = Object.values(rankerOperations({ topology: path.ranker.topology, passwordsRequired: false })).flatMap(
  (operation: Operation) => {
    const { access } = operation;
    return typeof access === "object" ? [{ operation: { ...operation, access }, access }] : [];
  },
);
type OperatorsOperation = Operation & { access: OperatorAccess };

/** What each role opens beside its own routes, written down apart from the code that decides it. */
const LOWER: Record<Role, readonly Role[]> = {
  reader: [],
  writer: ["reader"],
  moderator: ["reader", "writer"],
  admin: ["reader", "writer", "moderator"],
};
const roles = Object.keys(LOWER) as Role[];

const servers = ["gateway", "ranker"] as const;
const ada = { user_id: "ada", name: "Ada", region: "EU" };

let asks = 0;

interface Asked {
  operator: Pick<Operator, "role" | "boards">;
  /** Replaces the example's. */
  board?: string;
}

/** Makes a board with the plain definition, unless it is there so. @returns its revision */
async function revisionOf(board: string): Promise<number> {
  const admin = await issueListed({ name: "root", tokenId: "0000000000000002", role: "admin" }, 60);
  const present = await path.ranker.app.request(`/boards/${board}`);
  if (present.ok) return ((await present.json()) as BoardView).rev;
  const headers = { Authorization: `Bearer ${admin}` };
  const made = await path.ranker.app.request(`/boards/${board}`, { method: "PUT", headers });
  return ((await made.json()) as BoardView).rev;
}

/** Gives the player an entry on a board. */
async function enter(board: string): Promise<void> {
  await revisionOf(board);
  const admin = await issueListed({ name: "root", tokenId: "0000000000000002", role: "admin" }, 60);
  const headers = { Authorization: `Bearer ${admin}`, "Content-Type": "application/json" };
  const body = JSON.stringify({ score: 1, board });
  await path.ranker.app.request("/players/ada/score", { method: "POST", headers, body });
}

/** Asks a route as its description shows it. @returns the code, or the status without one */
async function askAsOperator(server: (typeof servers)[number], operation: OperatorsOperation, asked: Asked) {
  // An erasure of an earlier turn is undone, so that each role finds the same player.
  await path.ranker.post("/auth/register", ada);
  if (operation.path.includes("/entries/")) await enter(asked.board ?? "races");
  const token = await issueListed({ name: "root", tokenId: "0000000000000001", ...asked.operator }, 60);
  return ask(server, operation, { token, board: asked.board });
}

async function ask(
  server: (typeof servers)[number],
  { id, method, path: route, body, access: { boards: access } }: OperatorsOperation,
  { token, board, userId }: { token: string; board?: string | undefined; userId?: string },
) {
  const headers: Record<string, string> = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  let fields = { ...(body?.example as object) };
  const isOfBoard = route.startsWith("/boards/");
  // A deleted board is there for no later turn.
  const named = board ?? (id === "deleteBoard" ? `races-${++asks}` : "races");
  if (isOfBoard) headers["If-Match"] = String(await revisionOf(named));
  else if (access === "items") fields = { items: [{ user_id: "ada", score: 1, board }] };
  else if (board !== undefined && !route.includes(":board")) fields = { ...fields, board };
  if (userId !== undefined) fields = { ...fields, user_id: userId };
  // A change of the title is allowed on every board.
  if (isOfBoard && id !== "endSeason") fields = { title: `Title ${++asks}` };
  const target = route.replace(":userId", "ada").replace(":board", named);
  const answer = await fetch(`http://127.0.0.1:${path.ports[server]}${target}`, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(fields),
  });
  type Told = { code?: string; detail?: string };
  const told = (await answer.json()) as Told & { items?: Told[] };
  // Of a bulk its only item counts.
  const { code = answer.status, detail = "" } = told.items?.[0] ?? told;
  return { code, detail };
}

/** What a route answers that is open. The boards here have no season to end. */
const openOf = ({ id }: Operation) => (id === "endSeason" ? ["season_not_found"] : [200, 201, 202]);

test("there are routes for operators, and each role below admin opens one that lower ones do not", () => {
  const least = new Set<Role>(routes.map(({ access }) => access.role));
  expect([...least]).toEqual(expect.arrayContaining(["reader", "writer", "moderator"]));
});

for (const server of servers) {
  for (const { operation, access } of routes) {
    const name = `${operation.method} ${operation.path}`;

    test.each(roles)(`the ${server} opens ${name} for a %s only from its role on`, async (role) => {
      const { code, detail } = await askAsOperator(server, operation, { operator: { role } });
      if (role === access.role || LOWER[role].includes(access.role)) expect(code).toBeOneOf(openOf(operation));
      else {
        expect(code).toBe("role_required");
        expect(detail).toContain(access.role);
      }
    });

    test(`the ${server} opens ${name} for a token of named boards on these alone`, async () => {
      // A board of BOARDS is never deleted.
      const own = operation.id === "deleteBoard" ? `own-${server}` : "weekly";
      const operator = { role: "admin", boards: [own] } as const;
      const { code, detail } = await askAsOperator(server, operation, { operator });
      expect(code).toBe("board_not_allowed");
      expect(detail).toContain(own);
      if (access.boards !== "all") {
        expect((await askAsOperator(server, operation, { operator, board: own })).code).toBeOneOf(openOf(operation));
      } else expect(detail).toContain("all boards");
    });

    const opens = access.players ? "for that player alone" : "for no player";
    test(`the ${server} opens ${name} with a player's token ${opens}`, async () => {
      await path.ranker.post("/auth/register", ada);
      const token = await path.ranker.tokens.issue({ userId: "ada", name: "Ada", region: "EU" });
      expect((await ask(server, operation, { token, userId: "bob" })).code).toBe("forbidden");
      if (access.players) expect((await ask(server, operation, { token, userId: "ada" })).code).toBe(200);
    });
  }
}
