import { createTopology } from "shared/model/regions";
import { forFile } from "testing/for-file";
import { scratchStores } from "testing/scratch";
import { startService } from "testing/services/service-under-test";
import { until } from "testing/until";
import { createDocument } from "../../gateway/src/openapi/document.ts";

/** A gateway and a ranker that generated clients call. */
export interface Stack {
  /** Its answers have one field more than the document names, as those of a later release would. */
  url: string;
  document: string;
}

/** Starts them for the file that calls this while it is loaded. */
export async function startStack(): Promise<Stack> {
  const { env } = await forFile(scratchStores());
  const settings = { ...env, PASSWORDS: "optional" };
  await forFile(startService("drainer", settings));
  const ranker = await forFile(startService("ranker", settings));
  const gateway = await forFile(startService("gateway", { ...settings, LEADERBOARD_SERVICE_URLS: ranker.url }));
  // The drainer opens new stores for writes after it has compared them.
  await until(
    () => register(gateway.url),
    (status) => status === 201,
  );
  const front = await forFile(
    Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => addField(gateway.url, request),
    }),
  );
  const url = `http://127.0.0.1:${front.port}`;
  const topology = createTopology(["GLOBAL", "EU"], 1, ["main"]);
  return { url, document: JSON.stringify(createDocument(topology, url)) };
}

async function register(gatewayUrl: string): Promise<number> {
  const body = JSON.stringify({ user_id: "first", name: "First", region: "EU" });
  const headers = { "Content-Type": "application/json" };
  return (await fetch(`${gatewayUrl}/auth/register`, { method: "POST", headers, body })).status;
}

async function addField(gatewayUrl: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.delete("accept-encoding");
  const body = request.method === "GET" ? null : await request.text();
  const answer = await fetch(`${gatewayUrl}${pathname}${search}`, { method: request.method, headers, body });
  const told = new Headers(answer.headers);
  for (const name of ["content-length", "transfer-encoding", "connection"]) told.delete(name);
  const text = await answer.text();
  const changed = told.get("Content-Type")?.includes("json")
    ? JSON.stringify({ ...JSON.parse(text), of_a_later_release: [1] })
    : text;
  return new Response(changed, { status: answer.status, headers: told });
}
