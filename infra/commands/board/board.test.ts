import { beforeEach, describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BoardView } from "shared/api/definitions";
import { definitionOf } from "shared/boards/to-board";
import { settingsKey } from "shared/redis/keys";
import { dirForFile, forFile } from "testing/for-file";
import { openFences } from "testing/open-fences";
import { runLb } from "testing/services/run-lb";
import { flushAll } from "testing/whole-store";
import { tokenOptions } from "../../../ranker/test/ranker-under-test.ts";
import { startPath } from "../../system/test/path-under-test.ts";
import { definitionOptions } from "./definition-options.ts";

const path = await forFile(startPath({ passwordsRequired: false }));
const dir = await dirForFile();
const url = `http://127.0.0.1:${path.ports.gateway}`;
const env = { GATEWAY_PORT: String(path.ports.gateway), JWT_SECRET: tokenOptions.secret };

const lb = (...args: string[]) => runLb(["board", ...args], env, { cwd: dir });
const readBoard = async (id: string) => (await (await path.ask(`/boards/${id}`)).json()) as BoardView;
const settings = () => path.redis.hgetall(settingsKey("boards"));
const writeBoards = (boards: unknown) =>
  writeFile(join(dir, "boards.json"), typeof boards === "string" ? boards : JSON.stringify(boards));

/** A board that has an end has none of them. */
const SEASON_OPTIONS = ["schedule", "zone", "starts-at", "keep"];

beforeEach(async () => {
  await flushAll(path.redis);
  await openFences(path.redis, path.ranker.topology);
});

describe("create", () => {
  test("makes a board of the options, which every gateway shows at once", async () => {
    const options = [
      "--title",
      "Weekly race",
      "--operator",
      "add",
      "--min=-5",
      "--max",
      "3600",
      "--writers",
      "operators",
    ];
    expect(await lb("create", "weekly-race", ...options)).toEqual({ code: 0, out: "weekly-race  made\n", err: "" });
    expect(await readBoard("weekly-race")).toMatchObject({
      title: "Weekly race",
      operator: "add",
      operators: ["add"],
      bounds: { min: -5, max: 3600 },
      writers: "operators",
    });
  });

  test("takes every field as an option, and leaves the board alone the next time", async () => {
    const options: [name: string, text: string, field: object][] = [
      ["title", "Laps", { title: "Laps" }],
      ["order", "asc", { order: "asc" }],
      ["operator", "best", { operator: "best" }],
      ["operators", "best,set", { operators: ["best", "set"] }],
      ["decimals", "3", { decimals: 3 }],
      ["unit", "s", { unit: "s" }],
      ["sub", "desc", { sub: "desc" }],
      ["min", "0.5", { bounds: { min: 0.5, max: 99.125 } }],
      ["max", "99.125", {}],
      ["writers", "operators", { writers: "operators" }],
      ["readers", "operators", { readers: "operators" }],
      ["metadata-bytes-max", "512", { metadata_bytes_max: 512 }],
      ["attempts-max", "3", { attempts_max: 3 }],
      ["ends-at", "2096-12-07T00:00:00+01:00", { season: { ends_at: "2096-12-06T23:00:00.000000Z" } }],
      [
        "tiers",
        '{"by":"rank","steps":[{"id":"gold","upto":3}]}',
        { tiers: { by: "rank", steps: [{ id: "gold", upto: 3 }] } },
      ],
    ];
    const names = Object.keys(definitionOptions).filter((name) => !SEASON_OPTIONS.includes(name));
    expect(options.map(([name]) => name).toSorted()).toEqual(names.toSorted());
    const args = options.flatMap(([name, text]) => [`--${name}`, text]);
    expect(await lb("create", "laps", ...args)).toEqual({ code: 0, out: "laps  made\n", err: "" });
    const board = JSON.parse((await lb("show", "laps", "--json")).out);
    expect(board).toMatchObject(Object.assign({}, ...options.map(([, , field]) => field)));
    expect(await lb("create", "laps", ...args)).toMatchObject({ code: 0, out: "laps  as it is\n" });
    await writeBoards([{ ...definitionOf(board), id: "laps" }]);
    expect((await lb("create", "--file", "boards.json")).out).toBe("laps  as it is\n");
    const edits = args.slice(args.indexOf("--unit"), args.indexOf("--sub")).concat(args.slice(args.indexOf("--min")));
    expect((await lb("edit", "laps", ...edits)).out).toBe("laps  as it is\n");
    const cleared = ["--ends-at", "none", "--tiers", "none", "--attempts-max", "none", "--unit", ""];
    expect((await lb("edit", "laps", ...cleared)).out).toMatch(/changed: unit, attempts_max, season, tiers/);
    const shown = (await lb("show", "laps")).out;
    for (const line of [/^ends_at +-$/m, /^tiers +-$/m, /^bounds +0.5 to 99.125$/m]) expect(shown).toMatch(line);
  });

  test("takes the schedule of seasons as options, of which edit changes some and leaves the others", async () => {
    const start = "2096-12-07T00:00:00+01:00";
    const season = { schedule: "0 0 * * 1", zone: "Europe/Paris", starts_at: "2096-12-06T23:00:00.000000Z", keep: 4 };
    const args = ["--schedule", season.schedule, "--zone", season.zone, "--starts-at", start, "--keep", "4"];
    expect(SEASON_OPTIONS).toEqual(args.filter((arg) => arg.startsWith("--")).map((arg) => arg.slice(2)));
    expect(await lb("create", "cup", ...args)).toEqual({ code: 0, out: "cup  made\n", err: "" });
    expect((await readBoard("cup")).season).toEqual(season);
    expect((await lb("edit", "cup", "--keep", "none")).out).toBe("cup  changed: season\n");
    expect((await lb("edit", "cup", "--zone", "UTC")).out).toBe("cup  changed: season\n");
    expect((await readBoard("cup")).season).toEqual({ ...season, zone: "UTC", keep: null });
    const shown = (await lb("show", "cup")).out;
    for (const line of [/^schedule +0 0 \* \* 1$/m, /^zone +UTC$/m, /^keep +-$/m, /^season +-$/m]) {
      expect(shown).toMatch(line);
    }
  });

  test.each([
    [["--schedule", "0 0 31 2 *"], "--schedule must name a time that comes"],
    [["--zone", "UTC"], '--schedule must be a schedule of cron, such as "0 0 * * 1"'],
    [["--schedule", "0 0 * * 1", "--keep", "x"], "--keep must be an integer from 0 to 100000, or null"],
    [["--schedule", "0 0 * * 1", "--ends-at", "none"], "--ends-at is for a board without seasons"],
  ])("refuses %p by the option's name", async (args, fault) => {
    const { code, err } = await lb("create", "cup", ...args);
    expect([code, err]).toEqual([1, expect.stringContaining(fault)]);
  });

  test("leaves an equal board alone, and changes another one only where it is asked to", async () => {
    await lb("create", "b", "--title", "B");
    const { rev } = await readBoard("b");
    expect(await lb("create", "b", "--title", "B")).toMatchObject({ code: 0, out: "b  as it is\n" });
    const refused = await lb("create", "b", "--title", "C", "--max", "5");
    expect(refused).toEqual({
      code: 1,
      out: expect.stringContaining("would change: title, bounds"),
      err: "not as asked: b\n",
    });
    expect((await readBoard("b")).rev).toBe(rev);
    expect(await lb("create", "b", "--title", "C", "--max", "5", "--change")).toMatchObject({
      code: 0,
      out: "b  changed: title, bounds\n",
    });
    expect(await readBoard("b")).toMatchObject({ title: "C", bounds: { min: null, max: 5 } });
  });

  test("never changes the operator of a board, and goes on with the others of the file", async () => {
    await lb("create", "b");
    await writeBoards([{ id: "a" }, { id: "b", operator: "add" }, { id: "c", bounds: { min: 0 } }, { id: "main" }]);
    const { code, out, err } = await lb("create", "--file", "boards.json", "--change", "--json");
    expect([code, err]).toEqual([1, "not as asked: b\n"]);
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { id: "a", state: "made", fields: [] },
      { id: "b", state: "immutable", fields: ["operator"] },
      { id: "c", state: "made", fields: [] },
      { id: "main", state: "as_it_is", fields: [] },
    ]);
    expect((await lb("create", "--file", "boards.json")).out).toContain("b     cannot change: operator");
  });

  test("of a file that it has made before changes nothing", async () => {
    await writeBoards([
      { id: "a", title: "A" },
      { id: "b", operator: "add", bounds: { max: 9 }, writers: "operators" },
    ]);
    expect((await lb("create", "--file", "boards.json")).out).toBe("a  made\nb  made\n");
    const before = await settings();
    expect(await lb("create", "--file", "boards.json")).toEqual({
      code: 0,
      out: "a  as it is\nb  as it is\n",
      err: "",
    });
    expect(await settings()).toEqual(before);
  });

  test.each([
    [["create"], "name one board"],
    [["create", "A"], "name one board"],
    [["create", "a", "b"], "name one board"],
    [["create", "a", "--operator", "max"], "--operator must be one of set, best, add"],
    [["create", "a", "--operators", "set,max"], "--operators: 1 must be one of set, best, add, create"],
    [["create", "a", "--operators", "add"], "--operators must have the operator, set"],
    [["create", "a", "--min", "1.5"], "--min must be a score of the board, with at most 0 decimals"],
    [["create", "a", "--max", "9007199254740992"], "--max must be at most 9007199254740991"],
    [["create", "a", "--min", "2", "--max", "1"], "--max must not be below min"],
    [["create", "a", "--writers", "all"], "--writers must be one of players, operators"],
    [["create", "a", "--title", "x".repeat(101)], "--title must have no more than 100"],
    [["create", "a", "--min", "x"], "--min must be a number, or null"],
    [["create", "a", "--order", "up"], "--order must be one of desc, asc"],
    [["create", "a", "--decimals", "7"], "--decimals must be an integer from 0 to 6"],
    [["create", "a", "--sub", "up"], "--sub must be desc, asc, or null"],
    [["create", "a", "--unit", "x".repeat(17)], "--unit must have no more than 16"],
    [["create", "a", "--readers", "players"], "--readers must be one of anyone, operators"],
    [["create", "a", "--metadata-bytes-max", "many"], "--metadata-bytes-max must be an integer from 0 to 4096"],
    [["create", "a", "--attempts-max", "0"], "--attempts-max must be an integer from 1"],
    [["create", "a", "--ends-at", "soon"], "--ends-at must be a time such as"],
    [["create", "a", "--tiers", "gold"], "--tiers must be JSON, or none"],
    [["create", "a", "--tiers", '{"by":"rank","steps":[]}'], "--tiers: steps must name at least one tier"],
    [["edit", "main", "--tiers", '{"by":"rank","steps":[{"id":"A"}]}'], "--tiers: steps.0.id must be"],
    [["edit", "main", "--decimals", "2"], "there is no option --decimals"],
    [["create", "a", "--colour", "red"], "there is no option --colour"],
    [["create", "a", "--file", "boards.json"], "--file has the ids and the fields"],
    [["create", "--file", "boards.json", "--title", "x"], "--file has the ids and the fields"],
    [["create", "--file", "none.json"], "--file cannot be read"],
    [["edit", "main"], "name what to change: --title"],
    [["edit", "main", "--operator", "add"], "there is no option --operator"],
    [["edit", "none", "--title", "x"], "There is no board none"],
    [["edit", "A", "--title", "x"], "name one board"],
    [["show", "none"], "There is no board none"],
    [["list", "main"], "it takes no argument"],
    [["remove", "main"], "name what to do: create, list, show, edit"],
  ])("%j is refused by name, and makes nothing", async (args, fault) => {
    const { code, out, err } = await lb(...args);
    expect([code, out, err]).toEqual([1, "", expect.stringContaining(fault)]);
    expect(await settings()).toEqual({});
  });

  test.each([
    ["[", ["is not JSON"]],
    [{ id: "a" }, ["must be a list of boards"]],
    [
      ["a", {}, { id: "B" }, null],
      ["board 1 of the list: id", "board 2 of the list: id", "board 3", "board 4"],
    ],
    [
      [{ id: "a", operator: "max", colour: "red" }],
      ["board a: operator must be one of", "board a: colour is not a known"],
    ],
    [[{ id: "a" }, { id: "b", bounds: { min: 2, max: 1 } }], ["board b: bounds.max must not be below min"]],
    [[{ id: "a" }, { id: "a" }], ["board a stands there twice"]],
  ])("the file %j is refused with the board and the field, and makes nothing", async (boards, faults) => {
    await writeBoards(boards);
    const { code, out, err } = await lb("create", "--file", "boards.json");
    expect([code, out]).toEqual([1, ""]);
    for (const fault of faults) expect(err).toContain(`boards.json: ${fault}`);
    expect(await settings()).toEqual({});
  });
});

describe("edit", () => {
  test("changes the named fields alone, one bound among them", async () => {
    await lb("create", "b", "--title", "B", "--min", "1", "--max", "10");
    expect(await lb("edit", "b", "--max", "5", "--operators", "set")).toEqual({
      code: 0,
      out: "b  changed: operators, bounds\n",
      err: "",
    });
    expect(await readBoard("b")).toMatchObject({ title: "B", operators: ["set"], bounds: { min: 1, max: 5 } });
    expect((await lb("edit", "b", "--max", "5")).out).toBe("b  as it is\n");
    const { out } = await lb("edit", "b", "--min", "none", "--max", "none", "--json");
    expect(JSON.parse(out)).toMatchObject({ id: "b", bounds: null });
    expect((await lb("edit", "b", "--operators", "add")).err).toContain("operators must have the operator, set");
  });

  test("changes a board of BOARDS", async () => {
    expect(await lb("edit", "main", "--title", "All time")).toMatchObject({ code: 0, out: "main  changed: title\n" });
  });
});

test("show prints every field, and list all boards over pages", async () => {
  const ids = Array.from({ length: 120 }, (_, n) => `b-${String(n).padStart(3, "0")}`);
  await writeBoards(ids.map((id) => ({ id, title: `Board ${id}`, bounds: { min: 0 } })));
  expect((await lb("create", "--file", "boards.json")).code).toBe(0);
  const shown = (await lb("show", "b-007")).out;
  for (const line of [/^id +b-007$/m, /^title +Board b-007$/m, /^operators +set,add,create$/m, /^bounds +from 0$/m]) {
    expect(shown).toMatch(line);
  }
  expect(JSON.parse((await lb("show", "b-007", "--json")).out)).toEqual(await readBoard("b-007"));
  const [head, ...rows] = (await lb("list")).out.trim().split("\n");
  expect(head).toMatch(/^id +state +order +operator +writers +readers +bounds +title$/);
  expect(rows.map((row) => row.split(" ")[0])).toEqual([...ids, "main", "weekly"]);
  expect(rows[7]).toMatch(/^b-007 +open +desc +set +players +anyone +from 0 +Board b-007$/);
  const lines = (await lb("list", "--json")).out.trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as BoardView).id)).toEqual([...ids, "main", "weekly"]);
}, 60_000);

describe("the token", () => {
  const run = (more: Record<string, string>, ...args: string[]) => runLb(["board", ...args], more, { cwd: dir });

  test("is the one in LEADERBOARD_TOKEN, for the gateway of --url", async () => {
    const token = await path.ranker.tokens.issueOperator({ name: "deploy" }, 60);
    const made = await run({ LEADERBOARD_TOKEN: token }, "create", "b", "--url", `${url}/`);
    expect(made).toMatchObject({ code: 0, out: "b  made\n" });
    const player = await path.ranker.tokens.issue({ userId: "ada", name: "Ada", region: "EU" });
    expect((await run({ LEADERBOARD_TOKEN: player }, "create", "c", "--url", url)).err).toContain("403 forbidden");
    for (const LEADERBOARD_TOKEN of ["a.b.c", player]) {
      const refused = await run({ LEADERBOARD_TOKEN }, "create", "c", "--url", url);
      expect(refused.err).toContain("set LEADERBOARD_TOKEN to an admin's token of that deployment");
    }
  });

  test("is required where the environment has no secret, or that of another deployment", async () => {
    expect((await run({}, "create", "b", "--url", url)).err).toContain("LEADERBOARD_TOKEN is required");
    const stack = { LEADERBOARD_STACK_URL: "http://127.0.0.1:1", JWT_SECRET: tokenOptions.secret };
    expect((await run(stack, "create", "b", "--url", url)).err).toContain("LEADERBOARD_TOKEN is required");
    expect(await settings()).toEqual({});
  });

  test("is not needed to read, but for boards of operators", async () => {
    expect((await run({}, "show", "main", "--url", url)).code).toBe(0);
    await lb("create", "staff", "--readers", "operators");
    expect((await run({}, "list", "--url", url)).out).not.toContain("staff");
    expect((await run({}, "show", "staff", "--url", url)).err).toContain("401 missing_token");
    const LEADERBOARD_TOKEN = await path.ranker.tokens.issueOperator({ name: "deploy" }, 60);
    for (const [action, ...rest] of [["list"], ["show", "staff"]] as [string, ...string[]][]) {
      expect((await run({ LEADERBOARD_TOKEN }, action, ...rest, "--url", url)).out).toContain("staff");
      expect((await lb(action, ...rest)).out).toContain("staff");
    }
  });
});

test("a gateway that does not answer is named", async () => {
  const away = await runLb(["board", "list", "--url", "http://127.0.0.1:1"], {});
  expect(away).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringContaining("Nothing answers at http://127.0.0.1:1"),
  });
});

test("each action prints its help without any configuration", async () => {
  for (const action of ["create", "list", "show", "edit"]) {
    const { code, out } = await runLb(["board", action, "--help"], {});
    expect([code, out]).toEqual([0, expect.stringContaining(`./lb board ${action}`)]);
    expect((await runLb(["board", "--help"], {})).out).toContain(`./lb board ${action}`);
  }
});

describe("delete", () => {
  test("asks first, which a script cannot answer, and deletes nothing then", async () => {
    await lb("create", "b");
    const { code, err } = await lb("delete", "b");
    expect([code, err]).toEqual([
      1,
      expect.stringContaining("board delete asks first, and this is no terminal: add --yes"),
    ]);
    expect((await readBoard("b")).id).toBe("b");
  });

  test("--yes deletes the board at once; the id is free only later", async () => {
    await lb("create", "b");
    expect(await lb("delete", "b", "--yes")).toEqual({
      code: 0,
      out: "b  deleted: its entries are being removed\n",
      err: "",
    });
    expect((await path.ask("/boards/b")).status).toBe(404);
    expect(await lb("create", "b")).toMatchObject({ code: 1, out: "b  is being deleted: run it again later\n" });
    expect(await lb("delete", "b", "--yes")).toMatchObject({ code: 1, err: expect.stringContaining("no board b") });
  });

  test("of a board in BOARDS says what to do", async () => {
    const { code, err } = await lb("delete", "weekly", "--yes", "--json");
    expect([code, err]).toEqual([1, expect.stringContaining("take it out of BOARDS")]);
  });
});
