import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { BoardsView, BoardView } from "shared/api/definitions";
import type { WrittenEntry } from "shared/api/entries";
import type { Operator } from "shared/auth/tokens";
import { ROLES, type Role } from "shared/model/roles";
import { forFile } from "testing/for-file";
import { type EventStream, openEvents } from "testing/services/event-stream";
import { flushAll } from "testing/whole-store";
import { type Built, player, startUnderTest } from "../../test/ranker-under-test.ts";

const revoked = new Set<string>();
const live = { boardIntervalMs: 10, rankIntervalMs: 10, admitIntervalMs: 10 };
const under = await forFile(startUnderTest());
const [ranker, other] = await Promise.all([
  under.build({ revocations: revoked, live }),
  under.build({ revocations: revoked, live }),
]);
const { tokens } = ranker;
const ada = player("ada");

let made = 0;
const operator = (role: Role, more: Pick<Operator, "boards"> = {}, lifetimeSeconds = 600) =>
  tokens.issueListed({ name: "root", role, tokenId: String(++made).padStart(16, "0"), ...more }, lifetimeSeconds);
const [admin, reader, ofOthers, ofIt, ofPlayer] = await Promise.all([
  operator("admin"),
  operator("reader"),
  operator("admin", { boards: ["weekly"] }),
  operator("reader", { boards: ["staff"] }),
  tokens.issue(ada),
]);

async function change(method: "PUT" | "PATCH", id: string, fields: object, ifMatch?: number): Promise<BoardView> {
  const headers: Record<string, string> = { Authorization: `Bearer ${admin}`, "Content-Type": "application/json" };
  if (ifMatch !== undefined) headers["If-Match"] = `"${ifMatch}"`;
  const answer = await ranker.app.request(`/boards/${id}`, { method, headers, body: JSON.stringify(fields) });
  expect(answer.status).toBeOneOf([200, 201]);
  return (await answer.json()) as BoardView;
}

const get = (path: string, token?: string, { at = ranker, method = "GET" }: { at?: Built; method?: string } = {}) =>
  Promise.resolve(
    at.app.request(path, { method, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } }),
  );
async function codeOf(path: string, token?: string, at = ranker): Promise<string | number> {
  const answer = await get(path, token, { at });
  if (answer.status === 200) await answer.body?.cancel();
  return answer.status === 200 ? 200 : ((await answer.json()) as { code: string }).code;
}

const opened: (() => unknown)[] = [];
beforeEach(async () => {
  await flushAll(under.redis);
  revoked.clear();
  await change("PUT", "staff", { readers: "operators" });
  await ranker.post("/score/submit", { score: 5, board: "staff" }, ada);
  await ranker.post("/score/submit", { score: 5 }, ada);
});
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

const READS = ["/top", "/rank/ada", "/around/ada", "/live", "/live/rank/ada"].map((path) => `${path}?board=staff`);
READS.push("/boards/staff", "/top?board=staff&with=metadata", "/rank/ada?board=staff&with=metadata&region=EU");
READS.push("/around?board=staff&score=5", "/top?board=staff&ties=shared");

describe.each(READS)("%s of a board of operators", (path) => {
  test("is 401 without a token, and 403 for a player", async () => {
    expect(await codeOf(path)).toBe("missing_token");
    expect(await codeOf(path, ofPlayer)).toBe("forbidden");
    expect([(await get(path, undefined, { method: "HEAD" })).status, (await get(path, "x")).status]).toEqual([
      401, 401,
    ]);
  });

  test("is open to every role, and to a token of named boards on these alone", async () => {
    for (const role of ROLES) expect(await codeOf(path, await operator(role))).toBe(200);
    expect([await codeOf(path, ofIt), await codeOf(path, ofOthers)]).toEqual([200, "board_not_allowed"]);
  });

  test("is 401 with a token that was revoked", async () => {
    const token = await operator("admin");
    expect(await codeOf(path, token)).toBe(200);
    revoked.add(String(made).padStart(16, "0"));
    expect(await codeOf(path, token)).toBe("invalid_token");
  });
});

test("no token is looked at for a board that anyone reads", async () => {
  for (const path of ["/top", "/rank/ada", "/around/ada", "/live", "/live/rank/ada", "/boards/main"]) {
    expect([path, await codeOf(path, "no.valid.token")]).toEqual([path, 200]);
  }
});

test("a write answers the player's own rank on a board that the player cannot read", async () => {
  const answer = await ranker.post("/score/submit", { score: 7, board: "staff" }, ada);
  expect((await answer.json()) as WrittenEntry).toMatchObject({ rank: 1, score: 7, previous: { score: 5, rank: 1 } });
});

test("callers with and without a token who ask at the same time get an answer of their own", async () => {
  const path = "/top?board=staff&limit=3";
  const asked = [undefined, reader, ofPlayer, undefined, reader, ofOthers, ofIt];
  const codes = ["missing_token", 200, "forbidden", "missing_token", 200, "board_not_allowed", 200];
  expect(await Promise.all(asked.map((token) => codeOf(path, token)))).toEqual(codes);
});

describe("the list", () => {
  const idsOf = async (query = "", token?: string) => {
    const ids: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const answer = await get(`/boards?${query}${cursor === "" ? "" : `&cursor=${cursor}`}`, token);
      const page = (await answer.json()) as BoardsView;
      ids.push(...page.boards.map(({ id }) => id));
      cursor = page.next;
    }
    return ids;
  };

  test("leaves out boards that the caller may not read, on every page", async () => {
    for (let n = 0; n < 7; n++) await change("PUT", `s${n}`, { readers: n % 3 === 0 ? "anyone" : "operators" });
    const open = ["main", "s0", "s3", "s6", "weekly"];
    const all = ["main", ...Array.from({ length: 7 }, (_, n) => `s${n}`), "staff", "weekly"];
    for (const query of ["", "limit=1", "limit=2", "limit=3"]) {
      expect([query, await idsOf(query)]).toEqual([query, open]);
      expect([query, await idsOf(query, ofPlayer)]).toEqual([query, open]);
      expect([query, await idsOf(query, reader)]).toEqual([query, all]);
      expect([query, await idsOf(query, ofIt)]).toEqual([query, [...open, "staff"].toSorted()]);
    }
  });

  test("leaves out a board of BOARDS that is for operators", async () => {
    await change("PATCH", "weekly", { readers: "operators" }, 0);
    expect([await idsOf(), await idsOf("", reader)]).toEqual([["main"], ["main", "staff", "weekly"]]);
  });

  test("refuses a token that is not valid, which would see less than its caller thinks", async () => {
    expect(await codeOf("/boards", "no.valid.token")).toBe("invalid_token");
  });
});

describe("a change of the readers", () => {
  test("holds at once on every ranker, with tops that are kept there", async () => {
    const { rev } = await change("PUT", "open", {});
    await ranker.post("/score/submit", { score: 5, board: "open" }, ada);
    for (const at of [ranker, other]) expect(await codeOf("/top?board=open", undefined, at)).toBe(200);
    const changed = await change("PATCH", "open", { readers: "operators" }, rev);
    for (const at of [other, ranker]) {
      for (const path of ["/top", "/rank/ada", "/around/ada", "/live", "/live/rank/ada"]) {
        expect([path, await codeOf(`${path}?board=open`, undefined, at)]).toEqual([path, "missing_token"]);
      }
      expect(await codeOf("/boards/open", undefined, at)).toBe("missing_token");
      expect(await codeOf("/top?board=open", reader, at)).toBe(200);
    }
    await change("PATCH", "open", { readers: "anyone" }, changed.rev);
    for (const at of [other, ranker]) expect(await codeOf("/top?board=open", undefined, at)).toBe(200);
  });

  test.each(["/live", "/live/rank/ada"])(
    "ends %s for those who may read no more, and for no one else",
    async (path) => {
      const { rev } = await change("PUT", "open", {});
      await ranker.post("/score/submit", { score: 5, board: "open" }, ada);
      const streams = await Promise.all(
        [ranker, other].flatMap((at) => [open(at, `${path}?board=open`), open(at, `${path}?board=main`)]),
      );
      const changed = await change("PATCH", "open", { readers: "operators" }, rev);
      const [here, mainHere, there, mainThere] = streams;
      for (const stream of [here, there]) {
        expect(await stream?.next()).toMatchObject({ event: "stale", data: { code: "missing_token" } });
        expect(await stream?.next()).toBeUndefined();
      }
      const staff = await open(other, `${path}?board=open`, reader);
      await ranker.post("/score/submit", { score: 6, board: "main" }, ada);
      for (const stream of [mainHere, mainThere]) expect((await stream?.next())?.event).toBeOneOf(["change", "rank"]);
      await change("PATCH", "open", { readers: "anyone" }, changed.rev);
      await ranker.post("/score/submit", { score: 6, board: "open" }, ada);
      expect((await staff.next())?.event).toBeOneOf(["change", "rank"]);
    },
  );
});

test("a stream of a board of operators ends when its token is revoked, and others go on", async () => {
  const stays = await open(ranker, "/live?board=staff", reader);
  const ends = await open(ranker, "/live?board=staff", await operator("reader"));
  revoked.add(String(made).padStart(16, "0"));
  expect(await ends.next()).toBeUndefined();
  await ranker.post("/score/submit", { score: 8, board: "staff" }, ada);
  expect(await stays.next()).toMatchObject({ event: "change", data: { changed: [{ score: 8 }] } });
});

/** Opens a stream, and reads its first event. */
async function open({ app }: Built, path: string, token?: string): Promise<EventStream> {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, self) => app.fetch(request, { setIdleTimeout: (seconds) => self.timeout(request, seconds) }),
  });
  opened.push(() => server.stop(true));
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const stream = await openEvents(`http://127.0.0.1:${server.port}${path}`, headers);
  opened.push(stream.close);
  expect((await stream.next())?.event).toBeOneOf(["snapshot", "rank"]);
  return stream;
}
