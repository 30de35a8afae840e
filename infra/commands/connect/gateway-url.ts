import type { Environment } from "shared/service/environment";
import { STACK_URL } from "../../start/environment.ts";
import { DEFAULT_PORTS } from "../../start/stack-options.ts";

/**
 * The gateway that a command plays through: that of the embedded stack where it has been run, else
 * the one of the port in the environment, else of the default port.
 */
export function gatewayUrl(env: Environment): string {
  return env[STACK_URL] ?? `http://127.0.0.1:${env.GATEWAY_PORT || DEFAULT_PORTS.GATEWAY_PORT}`;
}
