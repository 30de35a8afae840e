/** Preloaded into a service: SIGUSR2 throws an uncaught error in it. */
process.on("SIGUSR2", () => {
  throw new Error("a fault of the test's own");
});
