/** Answers every request with the same `BODY_BYTES` bytes. */
const body = "x".repeat(Number(process.env.BODY_BYTES ?? 0));
const headers = { "Content-Type": "application/json" };

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  development: false,
  fetch: () => new Response(body, { headers }),
});
