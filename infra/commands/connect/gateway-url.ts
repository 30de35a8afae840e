import type { Environment } from "shared/service/config";
import { STACK_URL } from "../../start/environment.ts";
import { DEFAULT_PORTS } from "../../start/stack-options.ts";

/**
 * The gateway that a command plays through: the port that the user names, else that of the embedded
 * stack, else the default.
 */
export function gatewayUrl(env: Environment): string {
  const { GATEWAY_PORT: port = "", [STACK_URL]: stack = `http://127.0.0.1:${DEFAULT_PORTS.GATEWAY_PORT}` } = env;
  return port === "" ? stack : `http://127.0.0.1:${port}`;
}
