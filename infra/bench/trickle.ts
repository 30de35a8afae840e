/** Writes that go on beside what is measured. */
export interface Trickle {
  /** @returns what makes a measurement beside them worthless */
  stop(): Promise<string[]>;
}

/** Submits of one random player after another, so many a second, whether or not the ones before have been answered. */
export function startTrickle(url: string, tokens: readonly string[], perSecond: number): Trickle {
  const underWay = new Set<Promise<void>>();
  let refused = 0;
  const submit = async () => {
    const token = tokens[Math.floor(Math.random() * tokens.length)];
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
    try {
      const response = await fetch(`${url}/score/add`, { method: "POST", headers, body: '{"delta":5}' });
      if (!response.ok) refused++;
      await response.arrayBuffer();
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
      return refused > 0 ? [`${refused} writes beside the reads were refused`] : [];
    },
  };
}
