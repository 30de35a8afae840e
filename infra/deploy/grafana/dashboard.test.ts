import { expect, test } from "bun:test";
import { join } from "node:path";

interface Dashboard {
  uid?: string;
  panels: { title: string; datasource?: object; targets?: { expr: string }[] }[];
  templating: { list: { name: string; type: string; datasource?: object; query: string }[] };
}

const file = join(import.meta.dir, "dashboards/leaderboard.json");
const { uid, panels, templating } = (await Bun.file(file).json()) as Dashboard;
const drawn = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

test("the dashboard asks the data source that its reader picks, and replaces no other dashboard", () => {
  expect(uid).toBeUndefined();
  expect(templating.list[0]).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
  const picked = { type: "prometheus", uid: `\${datasource}` };
  const asking = [...panels.filter(({ targets }) => targets !== undefined), ...templating.list.slice(1)];
  expect(asking.map(({ datasource }) => datasource)).toEqual(asking.map(() => picked));
});

test("the jobs and processes to pick are those of Leaderboard", () => {
  expect(templating.list.slice(1).map(({ name, query }) => [name, query.split(/[{,]/)[0]])).toEqual(
    ["namespace", "job", "instance"].map((name) => [name, "label_values(leaderboard_redis_connection_up"]),
  );
});

test.each(drawn)("$title: every metric in $expr is of the processes that are picked", ({ expr }) => {
  const names = expr.match(/\b(?:leaderboard|nodejs|process)_\w+|\bup\b/g) ?? [];
  const picked = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"}';
  expect(names.length).toBeGreaterThan(0);
  expect(expr.split(picked)).toHaveLength(names.length + 1);
});
