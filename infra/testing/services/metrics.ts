/** What Prometheus would scrape from a service. */

/**
 * @param name of the metric
 * @param labels text that the labels contain: `route="/top"`
 * @returns the value of each series of the metric that has the labels
 */
export async function readMetric({ metricsUrl }: { metricsUrl: string }, name: string, labels = ""): Promise<number[]> {
  const lines = (await (await fetch(metricsUrl)).text()).split("\n");
  return lines
    .filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
    .map((line) => Number(line.slice(line.lastIndexOf(" "))));
}

/** The sum over all series of a metric that have the labels. */
export async function sumMetric(...args: Parameters<typeof readMetric>): Promise<number> {
  return (await readMetric(...args)).reduce((sum, value) => sum + value, 0);
}
