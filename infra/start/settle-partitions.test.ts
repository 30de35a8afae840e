import { describe, expect, test } from "bun:test";
import { splitKey } from "shared/redis/keys";
import { formatSplit } from "shared/stores/split";
import { forFile } from "testing/for-file";
import { clientOf } from "testing/services/client";
import {
  connectToStack,
  makePlace,
  type RunningStack,
  runCommand,
  startStack,
} from "testing/services/stack-under-test";
import { findPartitions } from "./settle-partitions.ts";

const place = await forFile(makePlace());
const whole = (partitions: number) => ({ partitions, isReadable: true });

test("the stack takes the number that its data has, and none from a store without data", () => {
  expect(findPartitions([undefined, undefined])).toEqual({ isMoving: false });
  expect(findPartitions([whole(4), undefined, whole(4)])).toEqual({ partitions: 4, isMoving: false });
});

test("a move that ended within a region or between two regions is to be completed", () => {
  const within = { partitions: 1, movingTo: 4, isReadable: false };
  expect(findPartitions([whole(4), within, whole(1)])).toEqual({ partitions: 4, isMoving: true });
  expect(findPartitions([whole(4), whole(1)])).toEqual({ partitions: 4, isMoving: true });
});

describe("lb repartition beside the stack", () => {
  const serve = async () => {
    const { rank, score } = await clientOf(place).rank("ada");
    return [rank, score];
  };

  test("both serve at its end, the next start has the number, and another number is refused", async () => {
    await using stack = await startDisposable();
    const ada = clientOf(place).as(await clientOf(place).register({ user_id: "ada", name: "Ada", region: "EU" }));
    await ada.addScore({ delta: 5 });
    expect(await runCommand(place, ["repartition", "--to", "2"])).toContain("the stack runs with it");
    expect(await serve()).toEqual([1, 5]);
    await ada.addScore({ delta: 1 });
    expect((await place.readStores()).PARTITIONS).toBe("2");
    await stack.stop();

    await expect(startStack(place, [], { PARTITIONS: "3" })).rejects.toThrow(
      "PARTITIONS is 3, but the kept data has 2: start without PARTITIONS, then run ./lb repartition --to 3",
    );
    await using next = await startDisposable();
    expect([next.lines.length > 0, await serve()]).toEqual([true, [1, 6]]);
  }, 90_000);

  test("the next start completes a move that was interrupted", async () => {
    await using stack = await startDisposable();
    const redis = await connectToStack(place);
    await redis.set(splitKey("EU"), formatSplit({ partitions: 2, movingTo: 4, isReadable: false }));
    redis.disconnect();
    await stack.stop();
    await using next = await startDisposable();
    expect(next.lines.join("\n")).toContain("completing the move to 4 partitions that was interrupted");
    expect([await serve(), (await place.readStores()).PARTITIONS]).toEqual([[1, 6], "4"]);
  }, 90_000);
});

async function startDisposable(): Promise<RunningStack & AsyncDisposable> {
  const stack = await startStack(place);
  return { ...stack, [Symbol.asyncDispose]: stack.stop };
}
