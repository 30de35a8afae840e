import { createServer, type Socket } from "node:net";

/** What a ranker was sent, to the byte. */
export interface RecordingRanker {
  url: string;
  /** Every request but the probes and the offers of a link, each as it arrived. */
  requests: string[];
  close(): Promise<void>;
}

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}';
const HEAD_ANSWER = ANSWER.slice(0, ANSWER.indexOf("{"));

/**
 * A ranker of the tests that shares no parser with the gateway: bytes are cut by Content-Length
 * alone.
 */
export async function startRecordingRanker(): Promise<RecordingRanker> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let bytes = "";
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      bytes += chunk.toString("latin1");
      for (let length = requestLength(bytes); length <= bytes.length; length = requestLength(bytes)) {
        const request = bytes.slice(0, length);
        bytes = bytes.slice(length);
        if (!/^GET \/(ready|link) /.test(request)) requests.push(request);
        socket.write(request.startsWith("HEAD ") ? HEAD_ANSWER : ANSWER);
      }
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    requests,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The length of the first request in `bytes`; infinite while its head is not whole. */
function requestLength(bytes: string): number {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return Number.POSITIVE_INFINITY;
  return end + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(bytes.slice(0, end))?.[1] ?? 0);
}
