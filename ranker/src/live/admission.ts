import { ANYONE, type Reader, SERVICE } from "shared/auth/reader";
import type { Board } from "shared/model/board";
import { admitReader } from "../definitions/admit-reader.ts";
import type { Definitions } from "../definitions/definitions.ts";

/** Whom the reading of a topic is for. A reading for operators serves no one else. */
export type Audience = Board["readers"];

/** As whom the topics of an audience read. */
export const readerFor: Record<Audience, Reader> = { anyone: ANYONE, operators: SERVICE };

/** Whom a stream is opened for. */
export interface Admitted {
  audience: Audience;
  /**
   * Keeps on checking the reader until the stream has gone, and calls `end` where it is refused.
   */
  keep(end: () => void): { leave: () => void };
}

/** Decides who watches a board, and for how long. */
export interface Admission {
  /** @throws Problem `board_not_found`, and as `Reader.admit` does */
  admit(board: string, reader: Reader): Promise<Admitted>;
}

/**
 * How often the tokens are checked of those who watch a board of operators: a token that is revoked
 * watches no longer than this.
 */
const CHECK_INTERVAL_MS = 1_000;

const NOT_KEPT = { leave() {} };

export function createAdmission(
  definitions: Pick<Definitions, "find" | "reload">,
  checkIntervalMs = CHECK_INTERVAL_MS,
): Admission {
  /** The check of each stream of a board of operators. */
  const checks = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;

  async function ask(id: string, reader: Reader): Promise<Audience> {
    return (await admitReader(definitions, await definitions.find(id), reader)).readers;
  }

  function keep(check: () => void) {
    checks.add(check);
    timer ??= setInterval(() => {
      for (const each of checks) each();
    }, checkIntervalMs);
    return {
      leave() {
        checks.delete(check);
        if (checks.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      },
    };
  }

  return {
    async admit(id, reader) {
      const audience = await ask(id, reader);
      if (audience === "anyone") return { audience, keep: () => NOT_KEPT };
      return { audience, keep: (end) => keep(() => void ask(id, reader).catch(end)) };
    },
  };
}
