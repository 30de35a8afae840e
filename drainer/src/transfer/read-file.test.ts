import { describe, expect, test } from "bun:test";
import type { FileBoard, Format } from "./file-board.ts";
import { readFile } from "./read-file.ts";
import { readLines } from "./read-lines.ts";

const TIME = "2026-01-02T03:03:04.678901Z";
const PLAIN: FileBoard = {
  order: "desc",
  decimals: 0,
  sub: null,
  bounds: null,
  metadata_bytes_max: 0,
  attempts_max: null,
};
const CARS: FileBoard = { ...PLAIN, metadata_bytes_max: 4096 };
const HEADER = "user_id,name,region,score,reached_at,updated_at";
const row = (id: string, { name = "Ann", score = "5" } = {}) => `${id},${name},EU,${score},${TIME},${TIME}`;

interface Read {
  board?: FileBoard;
  format?: Format;
  encoding?: BufferEncoding;
}

type Found = Record<"entries" | "bad" | "columns", Record<number, string>>;

/** What a file is read as: its entries by line, and its bad lines. */
async function read(text: string, { board = PLAIN, format = "csv", encoding = "utf8" }: Read = {}) {
  const bytes = Buffer.from(text, encoding);
  const readBy = async (size: number) => {
    async function* chunks() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    }
    const found: Found = { entries: {}, bad: {}, columns: {} };
    const rows = readFile(readLines(chunks()), {
      format,
      file: { board },
      regions: ["EU"],
      latest: () => Number.MAX_SAFE_INTEGER,
      refuse(line, { message, columns }) {
        found.bad[line] = message;
        found.columns[line] = columns.join();
      },
    });
    for await (const { entry } of rows) {
      if (entry === undefined) continue;
      const { line, user_id, name, score, metadata } = entry;
      found.entries[line] = [user_id, name, score, metadata ?? ""].join(" ").trimEnd();
    }
    return found;
  };
  const found = await readBy(3);
  expect(await readBy(1_000_000)).toEqual(found);
  return found;
}

/** The words about one cell, in a file of one row. */
async function faultOf(cells: Partial<Record<string, string>>, board = CARS): Promise<string> {
  const whole = {
    user_id: "ann",
    name: "Ann",
    region: "EU",
    score: "5",
    reached_at: TIME,
    updated_at: TIME,
    metadata: "",
  };
  const quoted = Object.values({ ...whole, ...cells }).map((cell) => `"${cell?.replaceAll('"', '""')}"`);
  const { entries, bad, columns } = await read(`${HEADER},metadata\r\n${quoted.join(",")}\r\n`, { board });
  if (entries[2] !== undefined) return `read as ${entries[2]}`;
  expect(columns[2]).toBe(Object.keys(cells).join());
  expect(bad[2]?.startsWith(Object.keys(cells)[0] ?? "")).toBe(true);
  return bad[2] ?? "";
}

describe("a file as a program writes it is read", () => {
  const EXPECTED = { 2: 'ann Ann "the, best"; \u{1F3C6} 5', 3: "00123 Zo\u00eb 1000" };
  const quoted = '"Ann ""the, best""; \u{1F3C6}"';
  const rows = (separator: string, end: string) =>
    [HEADER, row("ann", { name: "NAME" }), row("00123", { name: "Zo\u00eb", score: "1000" })]
      .map((line) => line.replaceAll(",", separator).replace("NAME", quoted) + end)
      .join("");
  test.each<[program: string, file: string]>([
    ["Excel, CSV UTF-8: a byte order mark, CRLF", `\ufeff${rows(",", "\r\n")}`],
    ["Excel in German: semicolons", `\ufeff${rows(";", "\r\n")}`],
    ["Excel, CSV (Macintosh): CR alone", rows(",", "\r")],
    ["Excel, text with tabs, saved again as UTF-8", rows("\t", "\r\n")],
    ["LibreOffice: LF", rows(",", "\n")],
    ["Google Sheets: CRLF, and no end of the last line", rows(",", "\r\n").replace(/\r\n$/, "")],
    ["Numbers in French: semicolons, LF", rows(";", "\n")],
    ["a program that separates with bars", rows("|", "\n")],
  ])("%s", async (_, file) => {
    expect(await read(file)).toEqual({ entries: EXPECTED, bad: {}, columns: {} });
  });

  test("LibreOffice that quotes all texts, or what only looks like a number", async () => {
    const head = `"${HEADER.replaceAll(",", '","')}"\n`;
    const all = `"ann","Ann","EU",5,"${TIME}","${TIME}"\n`;
    const numbers = `"123","two words",EU,"123456789012345",${TIME},${TIME}\n`;
    expect(await read(head + all + numbers)).toMatchObject({
      entries: { 2: "ann Ann 5", 3: "123 two words 123456789012345" },
      bad: {},
    });
  });

  test.each(["sep=;", "SEP=;", '"sep=;"', "sep=;;;;;;", "sep=,;;;;;"])(
    "a first line %s is none of the file, and keeps its number",
    async (first) => {
      const file = `${first}\r\n${HEADER}\r\n${row("ann")}\r\n${row("a b")}\r\n`.replaceAll(",", ";");
      const { entries, columns } = await read(file.replace("sep=;;;;;;;", first));
      expect([entries, columns]).toEqual([{ 3: "ann Ann 5" }, { 4: "user_id" }]);
    },
  );

  test("sep= may name a separator that no program guesses", async () => {
    expect(await read(`sep=^\n${HEADER}\n${row("ann")}\n`.replaceAll(",", "^"))).toMatchObject({
      entries: { 3: "ann Ann 5" },
    });
  });

  test("columns in another order, in another case, with spaces", async () => {
    const header = "Score; USER ID ;Updated-At;\u00a0reached_at;Region;Name";
    const line = `7;ann;${TIME};${TIME};eu;Ann`;
    expect(await read(`${header}\n${line}\n`)).toMatchObject({ entries: { 2: "ann Ann 7" }, bad: {} });
  });

  test("empty columns and rows, at the end and between", async () => {
    const lines = [",,,,,,,", `${HEADER.replace("name,", "name,,")},,`, `${row("ann").replace("Ann,", "Ann, ,")},, `];
    const { entries, bad } = await read([...lines, ",,,,,,,,", '"","",,', "  ,,", "", ""].join("\r\n"));
    expect([entries, bad]).toEqual([{ 3: "ann Ann 5" }, {}]);
  });

  test("rows whose last cells are empty and left out, as Excel does behind the sixteenth", async () => {
    const full = `${row("ann")},"{""car"":""red""}"`;
    expect(await read(`${HEADER},metadata\r\n${full}\r\n${row("bob")}\r\n`, { board: CARS })).toEqual({
      entries: { 2: 'ann Ann 5 {"car":"red"}', 3: "bob Ann 5" },
      bad: {},
      columns: {},
    });
  });
});

describe("a cell with line breaks", () => {
  test("is one cell, a fault in its row has the number of the first line, and later lines keep theirs", async () => {
    const metadata = (text: string) => `"${text.replaceAll('"', '""')}"`;
    for (const end of ["\n", "\r\n"]) {
      const file = [
        `${HEADER},metadata`,
        `${row("ann")},${metadata('{\n  "car": "red;\\n\u{1F697}",\n\n  "a": [1]\n}')}`,
        `${row("bob", { name: '"two\nlines"' })},`,
        `${row("a b")},`,
        `${row("cy")},{}`,
      ].join(end);
      const { entries, bad, columns } = await read(file, { board: CARS });
      expect(entries).toEqual({ 2: 'ann Ann 5 {"car":"red;\\n\u{1F697}","a":[1]}', 10: "cy Ann 5 {}" });
      expect(columns).toEqual({ 7: "name", 9: "user_id" });
      expect(bad[7]).toBe("name must have no line break");
    }
  });

  test("whose quote does not close spoils its own line alone, with any quotes behind it", async () => {
    const lines = [
      HEADER,
      row("p-2", { name: '"open' }),
      row("p-3", { name: '"a, b"' }),
      row("p-4", { name: '"say ""hi"""' }),
      row("p-5", { name: '"open again' }),
      row("p-6"),
      row("p-7", { name: '"closed"early' }),
      ...Array.from({ length: 1_000 }, (_, n) => row(`q-${n}`)),
      row("last", { name: '"never' }),
    ];
    const { entries, bad, columns } = await read(lines.join("\n"));
    expect(columns).toEqual({ 2: "name", 5: "name", 7: "name", 1008: "name" });
    for (const reason of Object.values(bad)) expect(reason).toStartWith("name has a quote that does not close: ");
    expect(Object.keys(entries)).toHaveLength(1_003);
  });

  test("that is longer than any entry is refused, and so is each of its lines", async () => {
    const long = `${row("ann")},"${'{"a":\n'.repeat(4_000)}"`;
    const { entries, bad } = await read(`${HEADER},metadata\n${long}\n${row("bob")},\n`, { board: CARS });
    expect(entries).toEqual({ 4003: "bob Ann 5" });
    expect(bad[2]).toStartWith("metadata has a quote that does not close");
    expect(Object.keys(bad)).toHaveLength(4_001);
  });
});

describe("what a spreadsheet has changed is refused by its column, with what to do", () => {
  test.each([
    ["1.2E+05", 'may have rounded "1.2E+05": format the column as a number with no decimals, and save the file again'],
    ["1,2E+05", 'may have rounded "1,2E+05"'],
    ["-9.00719925474099E+015", 'may have rounded "-9.00719925474099E+015"'],
    ["1e2", 'may have rounded "1e2"'],
    ["1,5", 'must have a point in front of its decimals and nothing between thousands, not "1,5"'],
    ["1.000", 'nothing between thousands, not "1.000"'],
    ["1.000.000", 'not "1.000.000"'],
    ["1.000,50", 'not "1.000,50"'],
    ["1 000", 'not "1 000"'],
    ["1\u202f000", 'not "1\u202f000"'],
    ["1'000", `not "1'000"`],
    ["########", 'must be a number such as 5, -5 or 1.5, without spaces, not "########"'],
    ["TRUE", 'not "TRUE"'],
    ["", 'not ""'],
    ["x".repeat(100), `not "${"x".repeat(40)}\u2026"`],
  ])("score %j", async (score, words) => {
    expect(await faultOf({ score })).toContain(words);
  });

  test.each([
    [2, "12.75", "read as ann Ann 1275"],
    [2, "12.750", 'not "12.750"'],
    [2, "1.000", 'not "1.000"'],
    [2, "1.255", "must have at most 15 digits, 2 of them behind the point"],
    [2, "1.2E+05", "format the column as a number with 2 decimals"],
    [3, "1.234", "read as ann Ann 1234"],
    [0, "5.0", "read as ann Ann 5"],
    [0, "0.000", "read as ann Ann 0"],
    [0, "+5", "read as ann Ann 5"],
  ])("with %i decimals, %s", async (decimals, score, words) => {
    expect(await faultOf({ score }, { ...CARS, decimals })).toContain(words);
  });

  test.each([
    "1/2/2026 12:00",
    "01.02.2026 12:00",
    "2026-01-02 03:03:04",
    "01/02/2026 12:00:00",
    "2-Jan-26",
    "03:04.7",
    "46024.1271",
  ])("time %s", async (time) => {
    for (const column of ["reached_at", "updated_at"]) {
      expect(await faultOf({ [column]: time })).toBe(
        `${column} must be a time such as ${TIME.replace("03:03:04", "03:04:05")}, and a spreadsheet seems to have reformatted ` +
          `"${time}": format the column as text before the file is opened there`,
      );
    }
  });

  test.each(["1.23E+11", "1,23E+11", "1.23456789012346E+020", "1E+11", "123,456", "123 456"])(
    "user_id %s",
    async (id) => {
      expect(await faultOf({ user_id: id })).toEndWith(
        `, and a spreadsheet has made the number ${JSON.stringify(id)} of it: format the column as text before the file is opened there`,
      );
    },
  );

  test("an id that was protected by export --spreadsheet says how to import it", async () => {
    expect(await faultOf({ user_id: "'-p0" })).toContain("is imported with --spreadsheet");
    for (const id of ["TRUE", "1E11", "12E5", "00123"]) expect(await faultOf({ user_id: id })).toStartWith("read as");
  });

  test.each([
    ["TRUE", 'must be a JSON object such as {"car":"red"}, or empty'],
    ['{\u201ccar\u201d:"red"}', "must be a JSON object"],
    ["{'car':'red'}", "must be a JSON object"],
    ['{"a":1},"b":{"c":2}', "must be a JSON object"],
    ["[1]", "must be a JSON object, or null"],
    ['{"a":1,"a":2}', "names a twice"],
  ])("metadata %s", async (metadata, words) => {
    expect(await faultOf({ metadata })).toContain(words);
  });

  test("a decimal comma beside semicolons", async () => {
    const { entries, bad, columns } = await read(
      `${HEADER}\n${row("ann", { score: "1\x005" })}\n${row("bob")}\n`.replaceAll(",", ";").replace("\0", ","),
    );
    expect([entries, columns]).toEqual([{ 3: "bob Ann 5" }, { 2: "score" }]);
    expect(bad[2]).toContain('must have a point in front of its decimals and nothing between thousands, not "1,5"');
  });

  test("the same in every column of numbers", async () => {
    const board: FileBoard = { ...PLAIN, sub: "desc", attempts_max: 5, decimals: 3 };
    const cells = (sub: string, attempts: string) => `${row("ann")},"${sub}","${attempts}"\n`;
    const { entries, bad } = await read(
      `${HEADER},sub,attempts\n${cells("7", "2")}${cells("1E+15", "1,5")}${cells("1.000", "")}`,
      { board },
    );
    expect(entries).toEqual({ 2: "ann Ann 5000" });
    expect(bad[3]).toMatch(/^sub must have all its digits.*no decimals.*; attempts must have a point/);
    expect(bad[4]).toMatch(/^sub must have a point.*; attempts must be a number/);
  });

  test("shows no character that a terminal would obey, and no long text", async () => {
    expect(await faultOf({ score: "\u009b31m\u202e\u001b" })).toEndWith('not "\ufffd31m\ufffd\ufffd"');
    const header = `${HEADER},${"x".repeat(1_000)}\u009b,${Array.from({ length: 50 }, (_, n) => `c${n}`)}`;
    const refused = await read(`${header}\n`).catch((error: Error) => error.message);
    expect(refused).toMatch(/, x{40}\u2026, c0, c1, [c0-9, ]*c8$/);
  });

  test("a decimal comma between commas gives too many cells", async () => {
    const { bad } = await read(`${HEADER}\n${row("ann", { score: "1,5" })}\n`);
    expect(bad[2]).toBe("has 7 cells, and the header 6: a cell with a , or a line break stands in quotes");
  });
});

describe("a file as a whole", () => {
  test.each([
    [HEADER.replace(",region", ""), "the first line must name the columns .*: it lacks region$"],
    [`${HEADER},notes`, ": take out what the board does not have, notes$"],
    [`${HEADER},Score`, ": it names twice score$"],
    [
      `${HEADER.replace("name", "nick")};x`.replaceAll(",", ";"),
      ": it lacks name; take out what the board does not have, nick, x$",
    ],
    ["ann,Ann,EU,5", "the first line must name the columns user_id,name,region,score,reached_at,updated_at$"],
    ['{"user_id":"ann"}', "the file seems to have JSON: import it with --format ndjson$"],
  ])("with the header %s is refused", async (header, words) => {
    await expect(read(`\n${header}\n${row("ann")}\n`)).rejects.toThrow(new RegExp(`^line 2: .*${words}`));
  });

  test("of Windows-1252 has its lines with other letters refused, by the cell", async () => {
    const text = `${HEADER}\r\n${row("ann")}\r\n${row("bob", { name: "Ren\u00e9" })}\r\n${row("cy")}\r\n`;
    const { entries, bad } = await read(text, { encoding: "latin1" });
    expect(entries).toEqual({ 2: "ann Ann 5", 4: "cy Ann 5" });
    expect(bad).toEqual({
      3: "name is not UTF-8: save the file as UTF-8 (in Excel: CSV UTF-8), and import that",
    });
    await expect(read(`${HEADER},Gr\u00f6\u00dfe\n`, { encoding: "latin1" })).rejects.toThrow(
      "line 1: the first line is not",
    );
    const json = `{"user_id":"bob","name":"Ren\u00e9"}\n`;
    expect((await read(json, { encoding: "latin1", format: "ndjson" })).columns).toEqual({ 1: "name" });
  });

  test.each(["utf16le", "utf-16be"])("of %s is refused, as Excel's Unicode Text is", async (encoding) => {
    const bytes = Buffer.from(`\ufeff${HEADER.replaceAll(",", "\t")}\r\n`, "utf16le");
    const text = (encoding === "utf16le" ? bytes : bytes.swap16()).toString("latin1");
    await expect(read(text, { encoding: "latin1" })).rejects.toThrow("the file is UTF-16 or UTF-32: save it as UTF-8");
  });

  test("that is empty but for separators is one bad line", async () => {
    expect(await read(";;;;\r\n\r\n")).toEqual({ entries: {}, bad: { 1: "the file is empty" }, columns: { 1: "" } });
  });

  test("with a column that has cells and no name has those rows refused", async () => {
    const { bad } = await read(`${HEADER},,\n${row("ann")},,\n${row("bob")},,note\n`);
    expect(bad).toEqual({ 3: "column 8 has a cell and no name: name it in the header, or empty it" });
  });

  test("keeps metadata of 4,096 bytes, however it is escaped, and refuses longer lines", async () => {
    const name = "\u{1F3C6}".repeat(200);
    const texts = [
      JSON.stringify({ a: '"'.repeat(2_043) }),
      JSON.stringify({ a: "\u00e9".repeat(2_044) }),
      JSON.stringify({ a: "\u{1F697}".repeat(1_022) }),
      JSON.stringify(Object.fromEntries(Array.from({ length: 455 }, (_, n) => [String(1_000 + n).slice(1), ""]))),
    ];
    for (const text of texts) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4_096);
      const ascii = text.replace(/[^\0-\x7f]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
      for (const spelled of [text, ascii]) {
        const cells = `${row("ann", { name })},"${spelled.replaceAll('"', '""')}"`;
        const csv = await read(`${HEADER},metadata\n${cells}\n`, { board: CARS });
        expect(csv.entries[2]).toBe(`ann ${name} 5 ${text}`);
        const json = `{"user_id":"ann","name":"${name}","region":"EU","score":5,"reached_at":"${TIME}","updated_at":"${TIME}","metadata":${spelled}}\n`;
        expect((await read(json, { board: CARS, format: "ndjson" })).entries[1]).toBe(`ann ${name} 5 ${text}`);
      }
    }
    const { entries, bad } = await read(`${HEADER}\n${row("x".repeat(17_000))}\n${row("ann")}\n`);
    expect([entries, bad]).toEqual([
      { 3: "ann Ann 5" },
      { 2: "is longer than 16384 bytes, as no entry is: is a line end missing?" },
    ]);
  });
});
