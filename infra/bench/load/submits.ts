import type { Entry } from "shared/api/entries";

export interface Submits {
  /** Of a ranker. */
  url: string;
  /** Of the players, which submit one after another. */
  tokens: readonly string[];
  /** 0 sends nothing. */
  perSecond: number;
  /** Submits are sent until it settles. */
  until: Promise<unknown>;
  /** Called with each accepted write. */
  onAccepted?(entry: Entry): void;
}

const BODY = '{"delta":5}';

/**
 * Submits at a fixed rate, whether or not earlier submits have been answered, and waits for all
 * answers.
 *
 * @returns how many submits were refused or failed @throws what `until` throws
 */
export async function submitAtRate({ url, tokens, perSecond, until, onAccepted }: Submits): Promise<number> {
  const underWay = new Set<Promise<void>>();
  let sent = 0;
  let refused = 0;
  const submit = async () => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${tokens[sent++ % tokens.length]}` };
    try {
      const response = await fetch(`${url}/score/add`, { method: "POST", headers, body: BODY });
      const entry = (await response.json()) as Entry;
      if (response.ok) onAccepted?.(entry);
      else refused++;
    } catch {
      refused++;
    }
  };
  const start = () => {
    const settled: Promise<void> = submit().finally(() => underWay.delete(settled));
    underWay.add(settled);
  };
  const timer = perSecond > 0 ? setInterval(start, 1000 / perSecond) : undefined;
  try {
    await until;
  } finally {
    clearInterval(timer);
    await Promise.all(underWay);
  }
  return refused;
}
