import { expect, test } from "bun:test";
import { forFile } from "testing/for-file";
import { clientOf } from "testing/services/client";
import { makePlace, runCommand, startStack } from "testing/services/stack-under-test";

const place = await forFile(makePlace());
const limits = { QUEUE_MAX: "100", RATE_USER_PER_SECOND: "1000", RATE_USER_BURST: "1000" };
let stack = await startStack(place, ["--no-drainer"], limits);
await forFile({ stop: () => stack.stop() });

test("a queue of QUEUE_MAX=100 events answers 429 from the 101st on, keeps ranks, and resumes with a drainer", async () => {
  const client = clientOf(place);
  const token = await client.register({ user_id: "ada", name: "Ada", region: "EU" });
  const statuses = [];
  for (let n = 1; n <= 103; n++) {
    const response = await client.post("/score/add", { delta: 1 }, token);
    statuses.push(response.status);
    if (n <= 100) continue;
    expect(response.headers.get("Retry-After")).toBe("1");
    expect(await response.json()).toMatchObject({ status: 429, code: "queue_full" });
  }
  expect(statuses).toEqual([...Array<number>(100).fill(200), 429, 429, 429]);
  expect(await client.rank("ada")).toMatchObject({ rank: 1, score: 100 });
  expect(await runCommand(place, ["queue"])).toContain("EU: 100 waiting, 0 dead\n");

  // Queues of other regions are not full.
  const other = await client.register({ user_id: "bob", name: "Bob", region: "NA" });
  expect(await client.as(other).addScore({ delta: 1 })).toMatchObject({ score: 1 });

  await stack.stop();
  stack = await startStack(place, [], { QUEUE_MAX: "100" });
  // The client retries as Retry-After says.
  expect(await client.as(token).addScore({ delta: 1 })).toMatchObject({ score: 101 });
}, 60_000);
