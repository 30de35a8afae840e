import type { Incoming } from "shared/http/incoming";
import type { Reply } from "shared/http/reply";

/**
 * Turns requests away unread once the gateway stops, where the proxy before it takes them to
 * another gateway (`X-May-Turn-Away`, see `infra/deploy/nginx/nginx.conf`). A proxy that does not
 * probe would otherwise send its last request over a connection that is just being closed, and
 * could not tell what became of it.
 */
export function turnAway({ headers }: Incoming): Reply | undefined {
  if (headers.get("x-may-turn-away") === null) return undefined;
  return { status: 502, headers: { "x-turned-away": "1" }, body: null };
}
