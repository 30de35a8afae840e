import type { Entry } from "shared/api/entries";

export interface SubmitsOptions {
  /** Of a ranker. */
  url: string;
  /** Of the players that submit. */
  tokens: readonly string[];
  perSecond: number;
  /** The index of the player that submits next. */
  next(): number;
  /** Called with each accepted write. */
  onAccepted?(player: number, entry: Entry): void;
}

/** Submits that are sent at a fixed rate, whether or not earlier ones have been answered. */
export interface Submits {
  /** Sends no more, and waits for the answers. @returns how many were refused or failed */
  stop(): Promise<number>;
}

const BODY = '{"delta":5}';

export function startSubmits({ url, tokens, perSecond, next, onAccepted }: SubmitsOptions): Submits {
  const underWay = new Set<Promise<void>>();
  let refused = 0;
  const submit = async () => {
    const player = next();
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${tokens[player]}` };
    try {
      const response = await fetch(`${url}/score/add`, { method: "POST", headers, body: BODY });
      const entry = (await response.json()) as Entry;
      if (response.ok) onAccepted?.(player, entry);
      else refused++;
    } catch {
      refused++;
    }
  };
  const timer = setInterval(() => {
    const settled: Promise<void> = submit().finally(() => underWay.delete(settled));
    underWay.add(settled);
  }, 1000 / perSecond);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      return refused;
    },
  };
}
