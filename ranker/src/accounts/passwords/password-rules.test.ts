import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { accountKey } from "shared/redis/keys";
import { flushAll, sizeOf } from "testing/whole-store";
import { type Built, startUnderTest, type UnderTest } from "../../../test/ranker-under-test.ts";

let under: UnderTest;
let ranker: Built;
beforeAll(async () => {
  under = await startUnderTest();
  ranker = await under.build({ passwordsRequired: true });
});
afterAll(() => under.close());
beforeEach(() => flushAll(under.redis));

const ada = { user_id: "ada_lovelace", name: "Ada, Countess of Lovelace", region: "EU" };
const register = (password: string) => ranker.post("/auth/register", { ...ada, password });
const login = (password: string) => ranker.post("/auth/login", { user_id: ada.user_id, password });

describe("a new password is refused by name, and nothing is written, when", () => {
  test.each([
    ["it is short", "seven77", "must have at least 8 characters"],
    ["it is short once composed", "e\u0301".repeat(7), "must have at least 8 characters"],
    ["it is long", "x".repeat(129), "must have at most 128 characters"],
    ["it is long once decomposed", "\ufdfa".repeat(8), "must have at most 128 characters"],
    ["it is much used", "password", "most used passwords"],
    ["it is much used, in capitals", "PaSSword1", "most used passwords"],
    ["it is much used, in full-width letters", "ｐａｓｓｗｏｒｄ", "most used passwords"],
    ["it is a run on the keyboard", "qwertyuiop", "most used passwords"],
    ["it is digits in a row", "1234567890", "most used passwords"],
    ["it is the user_id", "ada_lovelace", "must not be the user_id or the name"],
    ["it is the user_id in capitals", "ADA_LOVELACE", "must not be the user_id or the name"],
    ["it is the name", "ada, countess of lovelace", "must not be the user_id or the name"],
  ])("%s", async (_, password, message) => {
    const response = await register(password);
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({
        code: "invalid_request",
        detail: expect.stringMatching(/^The body is not valid: password (must|is) /),
        errors: [{ field: "password", message: expect.stringContaining(message) }],
      }),
    ]);
    expect(await sizeOf(under.redis)).toBe(0);
  });
});

describe("a new password needs nothing but length", () => {
  test.each([
    ["8 small letters", "vkqzpwmd"],
    ["words and spaces", "correct horse battery staple"],
    ["spaces alone, many", " ".repeat(12)],
    ["128 characters beyond the basic plane", "🏆".repeat(128)],
    ["another script", "пароль от сердца"],
  ])("%s", async (_, password) => {
    expect((await register(password)).status).toBe(201);
    expect((await login(password)).status).toBe(200);
    expect((await login(password.slice(0, -2))).status).toBe(401);
  });
});

test.each([
  ["composed and decomposed", "\u00fcber-geheim", "u\u0308ber-geheim"],
  ["full-width and plain", "ｘ１２３４５６７ａ", "x1234567a"],
  ["a ligature and its letters", "\ufb01ve-o-clock", "five-o-clock"],
])("a password is the same %s", async (_, one, other) => {
  expect((await register(one)).status).toBe(201);
  expect((await login(other)).status).toBe(200);
});

test("the longest password may be sent in its longest form", async () => {
  const password = "한".repeat(128); // composed: 128 characters, decomposed: 384
  expect((await register(password)).status).toBe(201);
  expect((await login(password.normalize("NFD"))).status).toBe(200);
});

test("hashes of plain ASCII from before normalisation stay valid", async () => {
  await register("vkqzpwmd");
  const hash = await Bun.password.hash("an older password", {
    algorithm: "argon2id",
    memoryCost: 19 * 1024,
    timeCost: 2,
  });
  await under.redis.hset(accountKey(ada.user_id), "password_hash", hash);
  expect((await login("an older password")).status).toBe(200);
});

test("a login does not apply the rules for new passwords", async () => {
  await register("vkqzpwmd");
  for (const password of ["", "short", "password", "x".repeat(1024)]) {
    const response = await login(password);
    expect([response.status, await response.json()]).toMatchObject([401, { code: "bad_credentials" }]);
  }
});
