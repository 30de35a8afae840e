import { join } from "node:path";
import { announceSkipped, installed } from "testing/installed";
import { parseManifests, type Resource } from "./manifests.ts";

export const CHART_DIR = join(import.meta.dir, "leaderboard");

export const helm = installed("helm");
if (helm === undefined) announceSkipped("helm is not installed, so the chart was not rendered");

/** Values of the chart that the tests render, in `leaderboard/ci`. */
export const SHAPES = ["one-region", "four-regions", "managed"] as const;

export type Shape = (typeof SHAPES)[number];

export const valuesOf = (shape: Shape): string => join(CHART_DIR, "ci", `${shape}-values.yaml`);

/** Runs helm. @throws Error with what it printed */
export function runHelm(args: readonly string[]): string {
  const child = Bun.spawnSync([helm ?? "helm", ...args], { stdin: "ignore" });
  if (child.exitCode !== 0) throw new Error(`helm ${args.join(" ")}\n${child.stdout}${child.stderr}`);
  return child.stdout.toString();
}

/**
 * The chart's manifests as one text of YAML, for a release named "games".
 *
 * @param more options after the values of the shape, such as `--set`
 */
export const renderText = (shape: Shape, ...more: string[]): string =>
  runHelm(["template", "games", CHART_DIR, "--kube-version", "1.37.0", "--values", valuesOf(shape), ...more]);

/** The chart's objects; none where helm is not installed. */
export const render = (shape: Shape, ...more: string[]): Resource[] =>
  helm === undefined ? [] : parseManifests(renderText(shape, ...more));
