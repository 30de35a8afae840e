/** Runs `work` in `concurrency` lanes until it says that there is no more. */
export async function inLanes(concurrency: number, work: () => Promise<boolean>): Promise<void> {
  const lane = async () => {
    while (await work());
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}
