import { Problem } from "../api/problems.ts";
import type { Connection } from "./connection.ts";

/**
 * Confirms a write. It is called just before the write is sent on a connection. The function that
 * it returns is called when the write is answered, and resolves when a replica has the write.
 *
 * @throws Problem `outcome_unknown`, from the returned function: the write was applied, but may not
 *   last
 */
export type Confirm = (connection: Connection) => () => Promise<void>;

/** One life of a connection: `WAIT` covers the writes of its own connection only. */
interface Session {
  isOver: boolean;
  /** Writes sent. */
  sent: number;
  /** The `WAIT` that has no answer yet. */
  waiting?: Waiting | undefined;
}

interface Waiting {
  /** Writes that were sent before it, and which it covers. */
  covers: number;
  /** Replicas that have them; 0 as well when there was no answer. */
  replicas: Promise<number>;
}

/**
 * Confirms writes by `WAIT`: at least one replica has them in memory. A connection has one `WAIT`
 * at a time, which covers all writes sent before it; later writes share the next one. Until `WAIT`
 * is answered the server serves nothing else on the connection, so a confirmed write takes up to
 * two time-outs.
 *
 * @param timeoutMs how long a replica may take
 */
export function createReplicaWait(timeoutMs: number): Confirm {
  const sessions = new WeakMap<Connection, Session>();

  function sessionOf(connection: Connection): Session {
    const known = sessions.get(connection);
    if (known !== undefined) return known;
    const session: Session = { isOver: false, sent: 0 };
    sessions.set(connection, session);
    connection.once("close", () => {
      session.isOver = true;
      sessions.delete(connection);
    });
    return session;
  }

  function startWaiting(connection: Connection, session: Session): Waiting {
    const waiting: Waiting = { covers: session.sent, replicas: askReplicas(connection, session, timeoutMs) };
    session.waiting = waiting;
    void waiting.replicas.then(() => {
      session.waiting = undefined;
    });
    return waiting;
  }

  return (connection) => {
    const session = sessionOf(connection);
    const turn = ++session.sent;
    return async () => {
      for (;;) {
        const waiting = session.waiting ?? startWaiting(connection, session);
        const replicas = await waiting.replicas;
        if (waiting.covers < turn) continue;
        if (replicas > 0) return;
        throw new Problem(
          "outcome_unknown",
          "The write was applied, but no replica confirmed it, so that it may not last. Read the score, or repeat " +
            "with an Idempotency-Key.",
        );
      }
    };
  };
}

/** Never rejects. */
async function askReplicas(connection: Connection, session: Session, timeoutMs: number): Promise<number> {
  // On another connection WAIT would cover other writes.
  if (session.isOver || connection.status !== "ready") return 0;
  return await connection.wait(1, timeoutMs).catch(() => 0);
}
