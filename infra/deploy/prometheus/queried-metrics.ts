// Words of PromQL that look like a metric.
const WORDS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool"]).union(
  new Set(["and", "or", "unless", "inf", "nan"]),
);

/** The metrics that a PromQL expression reads: its names without labels, functions and keywords. */
export function queriedMetrics(expr: string): Set<string> {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, "")
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "")
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, "");
  const names = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w|\s*\()/g)].map(([name]) => name);
  return new Set(names.filter((name) => !WORDS.has(name.toLowerCase())));
}

/** Metrics that Prometheus itself records for each target. */
export const OWN_METRICS = new Set(["up"]);

/** The metrics that an exposition defines, the series of histograms included. */
export function definedMetrics(exposition: string): Set<string> {
  const typed = [...exposition.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    typed.flatMap(([, name = "", type]) =>
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name],
    ),
  );
}
