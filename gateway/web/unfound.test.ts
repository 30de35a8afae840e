import { expect, test } from "bun:test";
import { describeUnfound, findUnfound, type Nearest } from "./unfound.ts";

const first: Nearest = { region: "GLOBAL", board: "main", season: "", page: 1 };
const say = (address: string, nearest: Nearest) =>
  describeUnfound(findUnfound(new URLSearchParams(address), nearest), nearest);

test.each([
  ["", first],
  ["region=&board=&page=&player=nobody", first],
  ["region=global&board=main&page=1&other=1", first],
  ["region=eu&board=weekly&page=7", { region: "EU", board: "weekly", season: "", page: 7 }],
  ["season=4&page=2", { ...first, season: "4", page: 2 }],
  ["page=07", { ...first, page: 7 }],
])("%p is shown as it says", (address, nearest) => {
  expect(say(address, nearest)).toBe("");
});

test.each([
  ["region=XX", first, "There is no region “XX”. This is the board of all regions."],
  ["board=zz", first, "There is no board “zz”. This is main."],
  ["board=Main", first, "There is no board “Main”. This is main."],
  ["page=999", { ...first, page: 7 }, "There is no page 999. This is page 7, the last one."],
  ["page=1000000", first, "There is no page 1,000,000. This is page 1, the last one."],
  ["page=1e99", { ...first, page: 50 }, "There is no page “1e99”. This is page 50, the last one."],
  ["page=0", first, "There is no page 0. This is page 1."],
  ["season=9", first, "There is no season 9. These are the present scores."],
  ["season=last", first, "There is no season “last”. These are the present scores."],
  ["page=abc", first, "There is no page “abc”. This is page 1."],
  [`board=${"z".repeat(99)}`, first, `There is no board “${"z".repeat(40)}…”. This is main.`],
  [
    "region=XX&board=zz",
    first,
    "There is no region “XX”. This is the board of all regions. There is no board “zz”. This is main.",
  ],
])("of %p the page says what there is not, and what it shows", (address, nearest, text) => {
  expect(say(address, nearest)).toBe(text);
});
