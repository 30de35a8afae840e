import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dirForFile } from "testing/for-file";
import type { StopSignal } from "./interrupt.ts";

const dir = await dirForFile();

/** A command that prints `ready`, and waits for a signal for as long as its input is open. */
async function start(body: string) {
  const program = join(dir, `${Bun.hash(body)}.ts`);
  const module = (name: string) => JSON.stringify(join(import.meta.dir, name));
  await writeFile(
    program,
    `import { catchInterrupt } from ${module("interrupt.ts")};
     import { main } from ${module("main.ts")};
     const say = (text: string) => process.stdout.write(text + "\\n");
     const aborted = (signal: AbortSignal) => new Promise((done) => signal.addEventListener("abort", done));
     process.stdin.on("data", () => {});
     await main(async () => { ${body} });
     process.stdin.pause();`,
  );
  const child = Bun.spawn([process.execPath, program], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  const output = child.stdout.getReader();
  await output.read();
  return {
    child,
    nextOutput: async () => new TextDecoder().decode((await output.read()).value),
    error: () => new Response(child.stderr).text(),
  };
}

const SIGNALS: [signal: StopSignal, code: number][] = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
];

test.each(SIGNALS)("%s lets the step under way end, and the exit code is %i", async (signal, code) => {
  const { child, nextOutput, error } = await start(`
    using interrupt = catchInterrupt("run it again");
    say("ready");
    await aborted(interrupt.signal);
    say("step ended");
    interrupt.signal.throwIfAborted();
    return 0;`);
  child.kill(signal);
  expect(await nextOutput()).toBe("step ended\n");
  expect(await child.exited).toBe(code);
  expect(await error()).toBe(`stopped by ${signal}: run it again\n`);
});

test("a signal that comes twice at once counts once; a second later it ends the process", async () => {
  const { child, nextOutput } = await start(`
    let time = 5;
    using interrupt = catchInterrupt("run it again", () => time);
    process.on("SIGINT", () => { say("caught"); time += 600; });
    say("ready");
    await new Promise(() => {});
    return 0;`);
  for (let n = 0; n < 2; n++) {
    child.kill("SIGINT");
    expect(await nextOutput()).toBe("caught\n");
  }
  child.kill("SIGTERM");
  expect(await child.exited).toBe(143);
});

test("after the end of the work a signal has its usual effect", async () => {
  const { child } = await start(`
    { using _ = catchInterrupt("run it again"); }
    say("ready");
    await new Promise(() => {});
    return 0;`);
  child.kill("SIGTERM");
  await child.exited;
  expect(child.signalCode).toBe("SIGTERM");
});
