import { describe, expect, test } from "bun:test";
import { createLineReader, HEADER, toLines } from "./board-file.ts";
import { type FileBoard, FORMATS, type Format } from "./file-board.ts";
import { readLines } from "./read-lines.ts";

const row = (user_id: string, name: string, score = "5") => ({
  board: "main",
  user_id,
  name,
  region: "EU",
  score,
  reached_at: "1767322984678901",
  updated_at: "1767322984678902",
});
const rows = [
  row("plain", "Ann"),
  row("quoted", 'Ann "the, best"', "-9007199254740991"),
  row("odd", "=1+1;'\\ 🏆", "9007199254740991"),
  row("comma", ",", "0"),
];

describe.each(FORMATS)("%s", (format) => {
  test("a file reads back as the rows that were written", () => {
    const reader = createLineReader(format);
    const lines = (HEADER[format] + toLines(format, rows)).trimEnd().split("\n");
    const read = lines.flatMap((line) => reader.read(line) ?? []);
    expect(read).toEqual(rows.map(({ board: _, ...entry }) => entry));
  });
});

test("CSV is RFC 4180: quotes where they are needed, doubled inside", () => {
  expect(HEADER.csv).toBe("user_id,name,region,score,reached_at,updated_at\n");
  expect(toLines("csv", [row("a", 'x "y", z')])).toBe(
    'a,"x ""y"", z",EU,5,2026-01-02T03:03:04.678901Z,2026-01-02T03:03:04.678902Z\n',
  );
});

test("columns may stand in any order, and a first line that does not name them is refused", () => {
  const reader = createLineReader("csv");
  reader.read("score,user_id,updated_at,reached_at,region,name");
  const entry = reader.read("7,ann,2026-01-02T03:03:04Z,2026-01-02T03:03:04Z,eu,Ann");
  expect(entry).toMatchObject({ user_id: "ann", score: "7", region: "EU" });
  for (const first of ["ann,Ann,EU,5,2026-01-02T03:03:04Z,2026-01-02T03:03:04Z", "user_id,name", '"x']) {
    expect(() => createLineReader("csv").read(first)).toThrow();
  }
});

test("names are in NFC and without outer white space, as those of a registration", () => {
  const [line = ""] = toLines("ndjson", [row("ann", " Zoe\u0308 ")]).split("\n");
  expect(createLineReader("ndjson").read(line)).toMatchObject({ name: "Zo\u00eb" });
});

test("each fault of a line is named", () => {
  const reader = createLineReader("csv");
  reader.read(HEADER.csv.trim());
  const time = "2026-01-02T03:03:04Z";
  const faults: [line: string, fault: RegExp][] = [
    [`a b,Ann,EU,5,${time},${time}`, /^user_id must be 1 to 64/],
    [`ann,,EU,5,${time},${time}`, /^name must have 1 to 200/],
    [`ann,\u3164,EU,5,${time},${time}`, /^name must have a visible character/],
    [`ann,a\u2028b,EU,5,${time},${time}`, /^name must have no line or paragraph separators/],
    [`ann,Ann,EU,9007199254740992,${time},${time}`, /^score must be an integer/],
    [`ann,Ann,EU,1.5,${time},${time}`, /^score must be an integer/],
    [`ann,Ann,EU,9007199254740990.6,${time},${time}`, /^score must be .* has a fraction/],
    [`ann,Ann,EU,90071992547409910,${time},${time}`, /^score must be an integer .* out of range/],
    [`ann,Ann,EU,"1,000",${time},${time}`, /^score must have a point .* not "1,000"/],
    [`ann,Ann,EU,,${time},${time}`, /^score must be a number/],
    [`ann,Ann,EU,5,yesterday,${time}`, /^reached_at must be a time/],
    [`ann,Ann,EU,5,2026-02-30T03:04:05Z,${time}`, /^reached_at must be a time/],
    [
      `ann,Ann,EU,5,yesterday,today`,
      /^reached_at must be a time such as [^;]*; updated_at must be a time such as [^;]*$/,
    ],
    [`ann,Ann,EU,5,${time},yesterday`, /^updated_at must be a time such as [^;]*$/],
    [`ann,Ann,EU,5,${time},1969-12-31T23:59:59Z`, /^updated_at must not be before 1970$/],
    [`ann,Ann,EU,5,2026-01-02T03:03:04.000001Z,${time}`, /^reached_at must not be after updated_at$/],
    [`ann,Ann,EU,5,${time}`, /^has 5 cells, and the header 6: it lacks updated_at$/],
    ...["5.", ".5E1", " 7 ", "", "0x5", "TRUE", "\u22125", "(5)", "5 %"].map((score): [string, RegExp] => [
      `ann,Ann,EU,${score},${time},${time}`,
      /^score must be a number such as 5, -5 or 1\.5, without spaces, not ".*"$/,
    ]),
    [`ann,"Ann,EU,5,${time},${time}`, /^name has a quote that does not close: a cell with a quote stands in quotes/],
  ];
  for (const [line, fault] of faults) expect(() => reader.read(line)).toThrow(fault);
  const json = createLineReader("ndjson");
  expect(() => json.read("{")).toThrow("is not JSON: each line is one object");
  expect(() => json.read("5")).toThrow(/^the line must be of type object$/);
  expect(() => json.read(`{"user_id":5,"score":"10","reached_at":1,"updated_at":"${time}"}`)).toThrow(
    /^user_id must be of type string; name is required; region is required; score must be a number; reached_at must be of type string$/,
  );
  expect(() => json.read('{"score":1,"sc\\u006fre":2}')).toThrow("names score twice");
  expect(() => json.read(JSON.stringify({ ...rows[0], reached_at: time, updated_at: time }))).toThrow(/board/);
});

test.each([
  ["1E+3", "1000"],
  ["100.0", "100"],
  ["1.2345678E7", "12345678"],
  ["-0", "0"],
  ["1e0", "1"],
  ["9.007199254740991e15", "9007199254740991"],
])("a score spelled %s in NDJSON is %s", (spelling, score) => {
  const time = "2026-01-02T03:03:04Z";
  const fields = `"user_id":"ann","name":"Ann","region":"EU","reached_at":"${time}","updated_at":"${time}"`;
  expect(createLineReader("ndjson").read(`{${fields},"score":${spelling}}`)?.score).toBe(score);
});

describe("a line of a board of another kind", () => {
  const board: FileBoard = {
    order: "asc",
    decimals: 2,
    sub: "asc",
    bounds: { min: 0, max: 100 },
    metadata_bytes_max: 10,
    attempts_max: 3,
  };
  const time = "2026-01-02T03:03:04Z";
  const line = { user_id: "ann", name: "Ann", region: "EU", score: 5, reached_at: time, updated_at: time };
  const whole = { ...line, sub: 3, attempts: 2, metadata: { a: 1 } };
  const toCells = (entry: Record<string, unknown>) =>
    Object.values(entry)
      .map((value) => (typeof value === "object" ? `"${JSON.stringify(value).replaceAll('"', '""')}"` : String(value)))
      .join(",");
  function readAs(format: Format, entry: Record<string, unknown>, of: FileBoard = board) {
    const reader = createLineReader(format, { board: of });
    if (format === "ndjson") return reader.read(JSON.stringify(entry));
    reader.read(Object.keys(entry).join(","));
    return reader.read(toCells(entry));
  }

  test.each(FORMATS)("is read with its keys of the order, %s", (format) => {
    expect(readAs(format, { ...whole, score: 12.5 })).toEqual({
      user_id: "ann",
      name: "Ann",
      region: "EU",
      score: "1250",
      sort_key: "-1250",
      reached_at: "1767322984000000",
      updated_at: "1767322984000000",
      sub: "3",
      sub_key: "9007199254740988",
      attempts: "2",
      metadata: '{"a":1}',
    });
    expect(readAs(format, { ...whole, score: 0 })).not.toHaveProperty("sort_key");
    expect(readAs(format, { ...whole, attempts: 0 })).not.toHaveProperty("attempts");
  });

  test.each<[what: string, change: Record<string, unknown>, fault: RegExp]>([
    ["too many decimals", { score: 1.255 }, /^score must have at most 15 digits, 2 of them behind the point$/],
    ["a score above the bounds", { score: 100.01 }, /^score is outside of the bounds of the board$/],
    ["a score below the bounds", { score: -0.01 }, /^score is outside of the bounds of the board$/],
    ["a negative sub-score", { sub: -1 }, /^sub must be an integer from 0 to 9007199254740991$/],
    ["a sub-score with a fraction", { sub: 1.5 }, /^sub must be an integer from 0 to 9007199254740991$/],
    ["negative attempts", { attempts: -1 }, /^attempts must be an integer from 0 to/],
    ["metadata that is too large", { metadata: { abcde: 1 } }, /^metadata must have at most 10 bytes$/],
    ["metadata that is no object", { metadata: [1] }, /^metadata must be a JSON object, or null$/],
  ])("with %s is refused by its field", (_, change, fault) => {
    for (const format of FORMATS) expect(() => readAs(format, { ...whole, ...change })).toThrow(fault);
  });

  test.each(["sub", "attempts", "metadata"])("with %s where there is none is refused by its field", (field) => {
    const plain = { ...board, sub: null, attempts_max: null, metadata_bytes_max: 0 };
    const entry = { ...line, [field]: whole[field as "sub"] };
    expect(() => readAs("ndjson", entry, plain)).toThrow(new RegExp(`^${field} must be left out: the board has none$`));
    const columns = "user_id,name,region,score,reached_at,updated_at";
    expect(() => readAs("csv", entry, plain)).toThrow(`the first line must name the columns ${columns}`);
    expect(readAs("ndjson", { ...line, score: 5 }, plain)).toMatchObject({ score: "500" });
  });

  test("that lacks a member of its board is refused by its field", () => {
    const { sub: _, ...rest } = whole;
    expect(() => readAs("ndjson", rest)).toThrow(/^sub must be an integer/);
    expect(() => readAs("csv", rest)).toThrow("the first line must name the columns");
  });
});

test("times are read with any offset, and cut to microseconds", () => {
  const reader = createLineReader("csv");
  reader.read(HEADER.csv.trim());
  const line = "ann,Ann,EU,5,2026-01-02T04:03:04.6789012345+01:00,2026-01-02t03:03:04.678902z";
  expect(reader.read(line)).toMatchObject({ reached_at: "1767322984678901", updated_at: "1767322984678902" });
});

test("a line of NDJSON whose score only rounds to an integer is refused, and the reason says which it is", () => {
  const time = "2026-01-02T03:03:04Z";
  const fields = `"user_id":"ann","name":"Ann","region":"EU","reached_at":"${time}","updated_at":"${time}"`;
  const read = (score: string) => () => createLineReader("ndjson").read(`{${fields},"score":${score}}`);
  for (const score of ["9007199254740990.6", "1.5", "1e-1"]) expect(read(score)).toThrow("has a fraction");
  for (const score of ["9007199254740992", "1e400", "-1e17"]) expect(read(score)).toThrow("out of range");
  for (const score of ["null", "true", "[5]", '""', '"5"', '"1.5"']) expect(read(score)).toThrow("must be a number");
});

describe("lines", () => {
  async function* chunksOf(text: string, size: number, encoding: BufferEncoding) {
    const bytes = Buffer.from(text, encoding);
    for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
  }
  const read = async (text: string, size: number, encoding: BufferEncoding = "utf8") => {
    const lines: [number, string | undefined][] = [];
    for await (const line of readLines(chunksOf(text, size, encoding))) {
      lines.push([line.number, line.fault === undefined ? line.text : undefined]);
    }
    return lines;
  };

  test("are the same for any chunks, with LF or CRLF, with a byte order mark, and without a final line end", async () => {
    const text = "\ufeffä🏆\r\n\nb\nlast";
    for (const size of [1, 2, 3, 7, 100]) {
      expect(await read(text, size)).toEqual([
        [1, "ä🏆"],
        [2, ""],
        [3, "b"],
        [4, "last"],
      ]);
    }
  });

  test("that are too long are dropped, and the next line is whole", async () => {
    for (const size of [1000, 1_000_000]) {
      expect(await read(`${"x".repeat(50_000)}\nnext\n`, size)).toEqual([
        [1, undefined],
        [2, "next"],
      ]);
    }
  });

  test("that are not UTF-8 are named, and the others are read", async () => {
    const lines = [];
    for await (const line of readLines(chunksOf("head\r\nRenate\r\nRen\u00e9\r\nlast\r\n", 3, "latin1")))
      lines.push(line);
    expect(lines).toMatchObject([
      { number: 1, text: "head" },
      { number: 2, text: "Renate" },
      { number: 3, text: "Ren\ufffd\r", fault: expect.stringMatching(/^is not UTF-8: save the file as UTF-8/) },
      { number: 4, text: "last" },
    ]);
  });

  test("keep a byte order mark that does not begin the file, and U+FFFD where the file has it", async () => {
    expect(await read("a\n\ufeffb\n\ufffd\n", 100)).toEqual([
      [1, "a"],
      [2, "\ufeffb"],
      [3, "\ufffd"],
    ]);
  });

  test("end with CR alone where the first one does", async () => {
    for (const size of [1, 2, 3, 100]) {
      expect(await read("\ufeffa\rb\r\rd", size)).toEqual([
        [1, "a"],
        [2, "b"],
        [3, ""],
        [4, "d"],
      ]);
      expect(await read("a\r\nb\rc\n", size)).toEqual([
        [1, "a"],
        [2, "b\rc"],
      ]);
      expect(await read("only\r", size)).toEqual([[1, "only"]]);
    }
  });

  test.each([
    ["a workbook", "PK\x03\x04\x14\0", "is a workbook or an archive: save the sheet as CSV UTF-8"],
    ["a workbook of old", "\xd0\xcf\x11\xe0\xa1\xb1", "is an Excel workbook: save the sheet as CSV UTF-8"],
    ["a compressed file", "\x1f\x8b\x08\0", "is compressed: gunzip it"],
  ])("of %s end the file, with what to do", async (_, start, words) => {
    for (const size of [1, 1_000_000]) {
      await expect(read(start + "x".repeat(50_000), size, "latin1")).rejects.toThrow(`the file ${words}`);
    }
  });

  test("of UTF-16 end the file, with the name of the encoding", async () => {
    for (const size of [1, 100]) {
      for (const text of ["\ufeffuser_id\r\n", "user_id\n", '{"a":1}']) {
        await expect(read(text, size, "utf16le")).rejects.toThrow("the file is UTF-16");
        const bigEndian = Buffer.from(text, "utf16le").swap16().toString("latin1");
        await expect(read(bigEndian, size, "latin1")).rejects.toThrow("the file is UTF-16");
      }
    }
  });
});
