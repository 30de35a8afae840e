import { Problem } from "../api/problems.ts";
import type { Connection } from "./connection.ts";

/**
 * Called on a connection just before a write is sent on it; what it returns is called once the write is answered, and
 * resolves when the write is as safe as it has to be.
 *
 * @throws Problem `outcome_unknown`, from what it returns: the write was applied, but may not last
 */
export type Confirm = (connection: Connection) => () => Promise<void>;

/** One life of a connection: `WAIT` speaks of the writes of the connection that it is sent on, and of no other. */
interface Session {
  isOver: boolean;
  /** Writes sent. */
  sent: number;
  /** The `WAIT` that is on its way. */
  waiting?: Waiting | undefined;
}

interface Waiting {
  /** Writes that were sent before it, and which it speaks of. */
  covers: number;
  /** Servers that have them; 0 as well when there was no answer. */
  replicas: Promise<number>;
}

/**
 * Confirms writes by `WAIT`: at least one replica has them, in memory. One `WAIT` is on its way at a time on a
 * connection, and speaks for all writes that were sent before it; those sent meanwhile share the next one. The server
 * holds back what is sent on the connection until it has answered, so that a confirmed write takes up to two time-outs.
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
  // On another connection the answer would be about other writes.
  if (session.isOver || connection.status !== "ready") return 0;
  return await connection.wait(1, timeoutMs).catch(() => 0);
}
