import { expect, test } from "bun:test";
import { Problem } from "shared/api/problems";
import { createMetrics } from "shared/service/metrics";
import { measureArchives } from "./archive-metrics.ts";
import type { Archives } from "./archives.ts";
import type { ArchiveQuestion } from "./ask-regions.ts";

test("reads of archives are counted by their outcome, and pass what they answer or throw", async () => {
  const registry = createMetrics("ranker");
  const answers: (() => Promise<unknown>)[] = [
    async () => "the top",
    () => Promise.reject(new Problem("not_ranked", "Nobody.")),
    () => Promise.reject(new Problem("archives_unavailable", "Away.")),
    () => Promise.reject(new Error("a fault")),
  ];
  const answer = () => answers.shift()?.();
  const measured = measureArchives(registry)({ top: answer, rank: answer, around: answer } as unknown as Archives);
  const question = {} as ArchiveQuestion;
  const message = ({ message: text }: Error) => text;
  expect([
    await measured.top(question, 10),
    await measured.rank(question, "ada").catch(message),
    await measured.around(question, "ada", 1).catch(message),
    await measured.top(question, 10).catch(message),
  ]).toEqual(["the top", "Nobody.", "Away.", "a fault"] as never);
  const { values = [] } = (await registry.getSingleMetric("leaderboard_ranker_archive_reads_total")?.get()) ?? {};
  expect(Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]))).toEqual({
    answered: 1,
    not_found: 1,
    unavailable: 2,
  });
});
