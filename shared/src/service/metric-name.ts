const PREFIX = "leaderboard_";

/**
 * The name under which Prometheus knows a metric of this project. The prefix keeps it apart from
 * those of other services; `process_` and `nodejs_` have none, because every service that uses a
 * client library of Prometheus exposes them by these names, and shared dashboards ask for them.
 *
 * @param name what is measured, then its base unit, and `total` for a counter
 */
export const metricName = (name: string): string => PREFIX + name;
