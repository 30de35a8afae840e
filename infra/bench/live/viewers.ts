import { connect, type Socket } from "node:net";

/** A connection that shows a board with one player on it. */
interface Viewer {
  socket: Socket;
  /** The score that it was shown last, and when. */
  score: number;
  atMs: number;
  tail: string;
}

export interface Viewers extends Disposable {
  /**
   * Waits until every viewer was shown this score.
   *
   * @returns when each was, in milliseconds of `performance.now`
   */
  untilAllShow(score: number): Promise<number[]>;
}

const REQUEST = "GET /live?region=EU HTTP/1.1\r\nHost: x\r\n\r\n";
const TAIL_MAX = 2_000;
const BATCH = 100;
const POLL_MS = 5;

/** Opens streams over real connections. The first snapshots arrive meanwhile. */
export async function openViewers(port: number, count: number): Promise<Viewers> {
  const viewers: Viewer[] = [];
  while (viewers.length < count) {
    const viewer = openViewer(port);
    viewers.push(viewer);
    // A listening socket has a short backlog, so no more than a batch waits for its first bytes.
    if (viewers.length % BATCH === 0) while (viewer.score === 0) await Bun.sleep(POLL_MS);
  }
  return {
    async untilAllShow(score) {
      while (viewers.some((viewer) => viewer.score !== score)) await Bun.sleep(POLL_MS);
      return viewers.map(({ atMs }) => atMs);
    },
    [Symbol.dispose]() {
      for (const { socket } of viewers) socket.destroy();
    },
  };
}

function openViewer(port: number): Viewer {
  const viewer: Viewer = { socket: connect(port, "127.0.0.1"), score: 0, atMs: 0, tail: "" };
  viewer.socket.on("error", () => {});
  viewer.socket.on("data", (chunk) => {
    viewer.tail = (viewer.tail + chunk.toString("latin1")).slice(-TAIL_MAX);
    const score = Number(/.*"score":(\d+)/s.exec(viewer.tail)?.[1] ?? 0);
    if (score === viewer.score) return;
    viewer.score = score;
    viewer.atMs = performance.now();
  });
  viewer.socket.write(REQUEST);
  return viewer;
}
