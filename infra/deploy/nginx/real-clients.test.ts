import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { freePort } from "stack/free-port";
import { forFile } from "testing/for-file";
import { openRaw, statusesOf, toLines } from "testing/raw-connection";
import { startService } from "testing/services/service-under-test";
import { startRecordingRanker } from "../../../gateway/test/recording-ranker.ts";
import { announceWithoutNginx, nginx, startNginx } from "./nginx-under-test.ts";

announceWithoutNginx("no gateway was run behind nginx");

const last = "Connection: close";
const login = (body: string, ...headers: string[]) =>
  `${toLines("POST /auth/login HTTP/1.1", "Host: x", ...headers, `Content-Length: ${body.length}`, "")}${body}`;

/** A gateway before a ranker that notes what reaches it, and nginx before the gateway. */
async function startFront() {
  const ranker = await startRecordingRanker();
  const gateway = await startService("gateway", {
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    LEADERBOARD_SERVICE_URLS: ranker.url,
    TRUSTED_PROXIES: "127.0.0.1",
  });
  const front = await startNginx([gateway.port], "gzip on; gzip_proxied any; gzip_types *;");
  return {
    ranker,
    port: Number(new URL(front.url).port),
    async dispose() {
      await front.stop();
      await gateway.stop();
      await ranker.close();
    },
  };
}

type Front = Awaited<ReturnType<typeof startFront>>;
const started = nginx === undefined ? undefined : await forFile(startFront());

describe.skipIf(nginx === undefined)("behind nginx a gateway answers clients that Bun's parser refuses", () => {
  /** @returns the statuses of the answers, and the bodies that reached the ranker */
  async function send(bytes: string) {
    const { ranker, port } = started as Front;
    ranker.requests.length = 0;
    const received = await openRaw(port, bytes).ended;
    const bodies = ranker.requests.map((request) => request.slice(request.indexOf("\r\n\r\n") + 4));
    return [statusesOf(received), bodies];
  }

  test("an empty line before a request", async () => {
    expect(await send(`\r\n${login("{}", last)}`)).toEqual([[200], ["{}"]]);
  });

  test("a line end behind a body, as println writes it, and then the next request", async () => {
    expect(await send(`${login("{1}")}\r\n${login("{2}", last)}`)).toEqual([
      [200, 200],
      ["{1}", "{2}"],
    ]);
  });

  test("two writes in one packet: both are answered, in order", async () => {
    expect(await send(login("{1}") + login("{2}", last))).toEqual([
      [200, 200],
      ["{1}", "{2}"],
    ]);
  });

  test.each(["100-Continue", "100-CONTINUE", "100-continue"])("Expect: %s, and a wait for it", async (expectation) => {
    const { ranker, port } = started as Front;
    ranker.requests.length = 0;
    const head = login("{}", last, `Expect: ${expectation}`).slice(0, -2);
    const { socket, ended } = openRaw(port, head);
    expect(String(await once(socket, "data"))).toStartWith("HTTP/1.1 100 Continue");
    socket.write("{}");
    expect(statusesOf(await ended)).toEqual([100, 200]);
    expect(ranker.requests).toHaveLength(1);
  });

  test("HTTP/1.0 without Host", async () => {
    const { port } = started as Front;
    expect(statusesOf(await openRaw(port, "GET /ready HTTP/1.0\r\n\r\n").ended)).toEqual([200]);
  });
});
