import type { Registry } from "prom-client";
import { servePaths } from "../http/ambiguous.ts";
import type { Connection, Fetch } from "../http/incoming.ts";
import { toProblemReply } from "../http/problem-reply.ts";
import { toResponse } from "../http/reply.ts";
import { LINK_PATH } from "../link/frames.ts";
import { type AnswerLinked, createLinkServer, type LinkState, newLinkState } from "../link/server.ts";
import { createLog, type Log, type LogLevel } from "../log/log.ts";
import { redactSecrets } from "../log/redact.ts";
import { openTracing } from "../tracing/open-tracing.ts";
import type { Tracing, TracingOptions } from "../tracing/tracing.ts";
import { ConfigError } from "./config.ts";
import { serveMetrics } from "./metrics-server.ts";
import { createShutdown, type Shutdown, stopOnSignals } from "./shutdown.ts";

/** The parts that every service begins with. */
export interface Service {
  log: Log;
  shutdown: Shutdown;
  /** Absent where tracing is off. */
  tracing: Tracing | undefined;
  /** Opens the port; closing it is the first step of the shutdown that is not registered later. */
  listen(fetch: Fetch, options?: ListenOptions): void;
}

export interface ListenOptions {
  /** Takes links, and answers the requests that come by them. */
  answerLinked?: AnswerLinked;
  /** Metrics to serve on the metrics port, where the configuration has one. */
  metrics?: Registry;
}

export interface ServiceOptions {
  name: string;
  logLevel: LogLevel;
  host: string;
  port: number;
  metricsPort: number | undefined;
  tracing: TracingOptions | undefined;
}

/** Time for an orderly end. An orchestrator must wait longer than this before it kills the process. */
export const SHUTDOWN_DEADLINE_MS = 10_000;
// Two probes of a load balancer: after them it sends no new requests here.
const DRAIN_MS = 600;
// Longer than a proxy keeps an idle connection, so that a service never closes one that the proxy is about to use. It
// also ends a request whose bytes drip in. For a connection's first request Bun has 12 seconds of its own.
const IDLE_TIMEOUT_SECONDS = 120;
// Well above the body limit: the answer to a large body is a problem document, not a closed connection.
const READ_BYTES_MAX = 1024 * 1024;

/**
 * Runs a service until it is told to stop. Where the configuration or a store is not fit to start with, it
 * prints why on standard error and exits with 1.
 */
export async function runService<C extends ServiceOptions>(
  load: () => C,
  run: (config: C, service: Service) => Promise<void>,
): Promise<void> {
  try {
    const config = load();
    const log = createLog(config.name, config.logLevel);
    const shutdown = createShutdown({ log, deadlineMs: SHUTDOWN_DEADLINE_MS });
    stopOnSignals(shutdown, log);
    const tracing = await openTracing(config.name, config.tracing);
    if (tracing !== undefined) shutdown.onClose("tracing", () => tracing.close());
    await run(config, {
      log,
      shutdown,
      tracing,
      listen: (fetch, options) => listen(config, { fetch, ...options }, { log, shutdown }),
    });
  } catch (error) {
    process.stderr.write(`${error instanceof ConfigError ? error.message : redactSecrets(String(error))}\n`);
    process.exit(1);
  }
}

function listen(
  { host, port, metricsPort }: ServiceOptions,
  { fetch, answerLinked, metrics }: ListenOptions & { fetch: Fetch },
  { log, shutdown }: Pick<Service, "log" | "shutdown">,
): void {
  const links = answerLinked && createLinkServer(answerLinked);
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: IDLE_TIMEOUT_SECONDS,
    maxRequestBodySize: READ_BYTES_MAX,
    // Bun's own page for an error shows source code.
    development: false,
    error(error) {
      const requestId = crypto.randomUUID();
      log.error({ err: error, request_id: requestId }, "request failed");
      const response = toResponse(toProblemReply(error, { requestId }));
      response.headers.set("X-Request-Id", requestId);
      return response;
    },
    ...servePaths<LinkState>((request, self, hasAmbiguousPath) => {
      const mayUpgrade = links !== undefined && !hasAmbiguousPath && isLink(request);
      if (mayUpgrade && self.upgrade(request, { data: newLinkState() })) return undefined;
      return fetch(request, new HttpConnection(request, self, hasAmbiguousPath));
    }),
    websocket: links?.handler ?? { message() {} },
  });
  if (metrics !== undefined && metricsPort !== undefined) {
    const scraped = serveMetrics({ hostname: host, port: metricsPort }, metrics);
    shutdown.onClose("metrics", () => scraped.stop(true));
  }
  shutdown.onClose("server", () => server.stop());
  if (links !== undefined) shutdown.onClose("links", () => links.close());
  shutdown.onClose("balancers", () => Bun.sleep(DRAIN_MS));
  log.info({ address: `${server.hostname}:${server.port}` }, "listening");
}

/** Looks the peer up only when it is asked for. */
class HttpConnection implements Connection {
  readonly #request: Request;
  readonly #server: Bun.Server<LinkState>;
  readonly hasAmbiguousPath: boolean;

  constructor(request: Request, server: Bun.Server<LinkState>, hasAmbiguousPath: boolean) {
    this.#request = request;
    this.#server = server;
    this.hasAmbiguousPath = hasAmbiguousPath;
  }

  get peer(): string {
    return this.#server.requestIP(this.#request)?.address ?? "";
  }

  setIdleTimeout(seconds: number): void {
    this.#server.timeout(this.#request, seconds);
  }
}

const isLink = ({ url }: Request) => url.endsWith(LINK_PATH) && new URL(url).pathname === LINK_PATH;
