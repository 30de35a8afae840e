import { afterEach, expect, test } from "bun:test";
import { freePort } from "stack/free-port";
import { makeCertificates } from "testing/certificates";
import { dirForFile, forFile } from "testing/for-file";
import { scratchPostgres, scratchRedis } from "testing/scratch";
import { runLb } from "testing/services/run-lb";

const files = await makeCertificates(await dirForFile());
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(...args: string[]) {
  const server = await scratchRedis(args);
  closing.push(() => server.dispose());
  return server;
}

/** What `./lb top` prints for this Redis, without the name of the command. */
async function told(url: string): Promise<string> {
  const { code, out, err } = await runLb(["top"], { REDIS_URL: url });
  expect([code, out]).toEqual([1, ""]);
  return err;
}

const asUser = (url: string) => url.replace("//", "//ranker:secret@");
const user = (rules: string) => `--user ranker on >secret &* ${rules}`.split(" ");

test("a login that Redis refuses is told in the words of Redis, with what to do", async () => {
  const { url, port } = await start("--requirepass", "right");
  const at = `lb top: Redis at 127.0.0.1:${port} answers, but with an error: `;
  expect(await told(url)).toBe(`${at}NOAUTH: it requires a password, and its REDIS_URL has none\n`);
  expect(await told(url.replace("//", "//:wrong@"))).toBe(
    `${at}WRONGPASS invalid username-password pair or user is disabled: check the user and the password in its REDIS_URL\n`,
  );
}, 20_000);

test.each([
  ["~* +@all -@scripting", "services run scripts, so allow its user +@scripting"],
  ["~foo* +@all", "so allow its user ~*"],
])("a right that its user lacks is told by its name: %s", async (rules, words) => {
  const { url, port } = await start(...user(rules));
  const text = await told(asUser(url));
  expect(text).toStartWith(`lb top: Redis at 127.0.0.1:${port} answers, but with an error: NOPERM`);
  expect(text).toContain(words);
  expect(text.split("\n")).toHaveLength(2);
});

test("of a user who may not call INFO it prints nothing but the answer", async () => {
  const { url } = await start(...user("~* +@all -info"));
  expect((await runLb(["queue"], { REDIS_URL: asUser(url) })).err).toBe("");
});

test("a certificate that is not trusted, and a scheme without TLS, are told", async () => {
  const port = await freePort();
  const { ca, cert, key } = files;
  const tls = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca, "--tls-auth-clients", "no"];
  await start("--tls-port", `${port}`, ...tls);
  const at = `lb top: Redis at localhost:${port} `;
  expect(await told(`rediss://localhost:${port}`)).toStartWith(`${at}has a certificate that is not trusted (`);
  expect(await told(`redis://localhost:${port}`)).toStartWith(`${at}closes the connection before it answers: where`);
}, 20_000);

test("PostgreSQL without TLS, and one that is away, are told", async () => {
  const { url } = await start();
  const postgres = await forFile(scratchPostgres(["board"]));
  const printed = async (database: string) => (await runLb(["export"], { REDIS_URL: url, POSTGRES_URL: database })).err;
  expect(await printed(`${postgres.url("board")}?sslmode=require`)).toBe(
    `lb export: PostgreSQL at 127.0.0.1:${postgres.port}/board refuses the command: ` +
      "PostgreSQL does not speak TLS there: turn it on, or write sslmode=disable into POSTGRES_URL\n",
  );
  const port = await freePort();
  expect(await printed(`postgres://127.0.0.1:${port}/board`)).toBe(
    `lb export: PostgreSQL at 127.0.0.1:${port}/board does not answer: is it running, and is POSTGRES_URL right?\n`,
  );
}, 20_000);
