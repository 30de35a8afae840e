/** Loaded before a service that is to have a fault of its own: SIGUSR2 throws where nobody catches. */
process.on("SIGUSR2", () => {
  throw new Error("a fault of the test's own");
});
