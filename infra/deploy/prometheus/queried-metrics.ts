// Of PromQL, what looks like a metric and is none.
const WORDS = new Set(["by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool"]).union(
  new Set(["and", "or", "unless", "inf", "nan"]),
);

/** The metrics that a PromQL expression reads, each once: names that are no label, no function and no keyword. */
export function queriedMetrics(expr: string): Set<string> {
  const bare = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, "")
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "")
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, "");
  const names = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w|\s*\()/g)].map(([name]) => name);
  return new Set(names.filter((name) => !WORDS.has(name.toLowerCase())));
}

/** What Prometheus makes itself of each target. */
export const OWN_METRICS = new Set(["up"]);

/** The names that an exposition defines, those of a histogram's series among them. */
export function definedMetrics(exposition: string): Set<string> {
  const typed = [...exposition.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    typed.flatMap(([, name = "", type]) =>
      type === "histogram" ? ["_bucket", "_sum", "_count"].map((suffix) => name + suffix) : [name],
    ),
  );
}
