/** The part of the argument of `handleSummary` that is used here. */
interface Summary {
  metrics: Record<string, Metric>;
  state: { testRunDurationMs: number };
}

interface Metric {
  type: string;
  values: Record<string, number>;
  thresholds?: Record<string, { ok: boolean }>;
}

/**
 * Writes all figures of a run to a JSON file (SUMMARY, or k6/results/<scenario>.json), and the
 * thresholds with their figures to the terminal.
 */
export function summaryOf(scenario: string) {
  return (data: Summary): Record<string, string> => {
    const lines = Object.entries(data.metrics).flatMap(([name, { values, thresholds = {} }]) => {
      const measured = Object.entries(values).map(([key, value]) => `${key} ${Math.round(value * 100) / 100}`);
      const kept = Object.entries(thresholds).map(([limit, { ok }]) => `${ok ? "✓" : "✗"} ${limit}`);
      return kept.length === 0 ? [] : [`  ${name}: ${kept.join(", ")}\n      ${measured.join("  ")}`];
    });
    const { http_reqs } = data.metrics;
    const head = `${scenario}: ${http_reqs?.values.count} requests, including the set-up`;
    return {
      [__ENV.SUMMARY || `k6/results/${scenario}.json`]: JSON.stringify(data, null, 2),
      stdout: `\n${head}\n${lines.join("\n")}\n\n`,
    };
  };
}
