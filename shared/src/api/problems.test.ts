import { expect, test } from "bun:test";
import { boardNotFound } from "./problems.ts";

test("a board that does not exist is refused by its name, with 404", () => {
  expect(boardNotFound("weekly-race")).toMatchObject({
    status: 404,
    code: "board_not_found",
    message: "There is no board weekly-race.",
  });
});
