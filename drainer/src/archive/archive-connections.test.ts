import { expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { scratchPostgres } from "testing/scratch";
import { openArchiveConnections } from "./archive-connections.ts";

const server = await forFile(scratchPostgres(["first", "second"]));
const [first, second] = [server.url("first"), server.url("second")];
const byRegion = new Map([
  ["EU", first],
  ["NA", second],
]);
const SMALL = 100;
const LARGE = 1_000_000;

test("an archive uses the database of its region", async () => {
  const archives = await forFile(openArchiveConnections({ home: first, byRegion }));
  const nameIn = (region: string, rows: number) =>
    archives.use(region, rows, (database) => database.run((sql) => sql`SELECT current_database() AS name`));
  for (const rows of [SMALL, LARGE]) {
    expect([...(await nameIn("EU", rows)), ...(await nameIn("NA", rows))]).toEqual([
      { name: "first" },
      { name: "second" },
    ]);
  }
});

test("large archives of one server come one after the other, also behind one that failed, and small ones beside", async () => {
  const archives = await forFile(openArchiveConnections({ home: first, byRegion }));
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  const failing = archives.use("EU", LARGE, async () => {
    await gate.promise;
    done.push("first");
    throw new Error("no archive");
  });
  const next = archives.use("NA", LARGE, async () => void done.push("second"));
  await archives.use("NA", SMALL, async () => void done.push("small"));
  gate.resolve();
  await expect(failing).rejects.toThrow("no archive");
  await next;
  expect(done).toEqual(["small", "first", "second"]);
});
