/** How a program ran. */
export interface Ran {
  exitCode: number;
  output: string;
  errors: string;
  seconds: number;
  cpuUs: number;
}

export interface ProgramOptions {
  env?: Record<string, string | undefined>;
  stdin?: Bun.BunFile;
  /** Sends SIGINT after this time in milliseconds. */
  timeout?: number;
}

/** Runs a program to its end. */
export async function runProgram(command: string[], options: ProgramOptions = {}): Promise<Ran> {
  const startedAt = performance.now();
  const child = Bun.spawn(command, { stdin: "ignore", ...options, stderr: "pipe", killSignal: "SIGINT" });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const exitCode = await child.exited;
  const seconds = (performance.now() - startedAt) / 1000;
  return { exitCode, output, errors, seconds, cpuUs: Number(child.resourceUsage()?.cpuTime.total ?? 0) };
}

/** The same for a program that has to succeed. @throws Error with its output when it fails */
export async function runToSuccess(command: string[], options?: ProgramOptions): Promise<Ran> {
  const ran = await runProgram(command, options);
  if (ran.exitCode !== 0) throw new Error(`${command[0]} ended with ${ran.exitCode}\n${ran.output}${ran.errors}`);
  return ran;
}
