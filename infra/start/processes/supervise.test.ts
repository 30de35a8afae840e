import { expect, test } from "bun:test";
import type { Engine } from "stack/engine";
import { restartDelayMs, supervise } from "./supervise.ts";

/** A process that ends when the test says so. */
function fakeEngine(pid: number) {
  const exit = Promise.withResolvers<number>();
  const engine: Engine = {
    pid,
    port: 0,
    exited: exit.promise,
    stop: async () => exit.resolve(0),
    kill: async () => exit.resolve(-1),
    drop: async () => exit.resolve(-1),
  };
  return { engine, die: (code: number) => exit.resolve(code) };
}

function under() {
  const events: string[] = [];
  const running = Promise.withResolvers<void>();
  const hooks = {
    report(line: string) {
      events.push(line);
      if (line.endsWith("runs again")) running.resolve();
    },
    onStart: (pid: number) => void events.push(`start ${pid}`),
    onExit: (pid: number) => void events.push(`exit ${pid}`),
  };
  return { events, hooks, runsAgain: running.promise };
}

test("a process that ends is reported and restarted, also when a restart fails", async () => {
  const { events, hooks, runsAgain } = under();
  const [first, second] = [fakeEngine(1), fakeEngine(2)];
  const starts = [
    () => Promise.resolve(first.engine),
    () => Promise.reject(new Error("the port is taken")),
    () => Promise.resolve(second.engine),
  ];
  const member = await supervise({ name: "ranker", start: () => starts.shift()?.() ?? Promise.reject() }, hooks);
  first.die(3);
  await runsAgain;
  await member.stop();
  expect(events).toEqual([
    "start 1",
    "exit 1",
    "ranker died (exit code 3); starting it again",
    "ranker did not start: the port is taken",
    "start 2",
    "ranker runs again",
    "exit 2",
  ]);
});

test("a stopped process is not restarted", async () => {
  const { events, hooks } = under();
  let starts = 0;
  const start = () => Promise.resolve(fakeEngine(++starts).engine);
  const member = await supervise({ name: "ranker", start }, hooks);
  await member.stop();
  expect([events, starts]).toEqual([["start 1", "exit 1"], 1]);
});

test("a stop ends the pause before a restart", async () => {
  const { events, hooks } = under();
  const first = fakeEngine(1);
  const died = Promise.withResolvers<void>();
  const report = (line: string) => {
    hooks.report(line);
    died.resolve();
  };
  const member = await supervise({ name: "ranker", start: async () => first.engine }, { ...hooks, report });
  first.die(-1);
  await died.promise;
  await member.stop();
  expect(events).toEqual(["start 1", "exit 1", "ranker died (by a signal); starting it again"]);
});

test("a failure of the first start is thrown", async () => {
  const start = () => Promise.reject(new Error("no"));
  await expect(supervise({ name: "ranker", start }, under().hooks)).rejects.toThrow("no");
});

test("the pauses before restarts grow to five seconds", () => {
  expect([1, 2, 3, 4, 5, 6, 60].map(restartDelayMs)).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
});
