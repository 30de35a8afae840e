import { expect, test } from "bun:test";
import { findPartitions } from "./settle-partitions.ts";

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
