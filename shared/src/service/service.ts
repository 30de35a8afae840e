import type { Registry } from "prom-client";
import { servePaths, withAbsoluteUrl } from "../http/ambiguous.ts";
import type { Connection, Fetch } from "../http/incoming.ts";
import { toProblemReply } from "../http/problem-reply.ts";
import { toResponse } from "../http/reply.ts";
import { LINK_PATH } from "../link/frames.ts";
import { type AnswerLinked, createLinkServer, type LinkState, newLinkState } from "../link/server.ts";
import { captureConsole } from "../log/capture-console.ts";
import { createLog, type Log, type LogLevel } from "../log/log.ts";
import { redactSecrets } from "../log/redact.ts";
import type { Tracing, TracingOptions } from "../tracing/tracing.ts";
import { ConfigError } from "./environment.ts";
import { serveMetrics } from "./metrics.ts";
import { createShutdown, type Shutdown, stopOnSignals } from "./shutdown.ts";

/** What every service starts with. */
export interface Service {
  log: Log;
  shutdown: Shutdown;
  /** Undefined if tracing is off. */
  tracing: Tracing | undefined;
  /** Opens the port. The shutdown closes it before everything that was opened earlier. */
  listen(fetch: Fetch, options?: ListenOptions): void;
}

export interface ListenOptions {
  /** Accepts links and answers their requests. */
  answerLinked?: AnswerLinked;
  /** Served on the metrics port, if the configuration has one. */
  metrics?: Registry;
}

export interface ServiceOptions {
  name: string;
  logLevel: LogLevel;
  host: string;
  port: number;
  metricsPort: number | undefined;
  /**
   * Must be longer than a proxy keeps an idle connection, so that the service never closes one that
   * the proxy is about to use. It also ends a head that arrives in drips: a byte that arrives does
   * not begin it again. For the first head of a connection Bun has a bound of its own, 12 seconds.
   */
  idleTimeoutSeconds: number;
  tracing: TracingOptions | undefined;
}

/** An orchestrator must wait longer than this before it kills the process. */
export const SHUTDOWN_DEADLINE_MS = 10_000;
// Time for two probes of a load balancer, after which it sends no new requests here.
const DRAIN_MS = 600;
// Above the bound of every route's body, so that a body that is too large gets a problem and not
// Bun's own answer, which is empty.
const READ_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Runs a service until a signal stops it. If the configuration or a store forbids the start, prints
 * the reason on standard error and exits with 1.
 */
export async function runService<C extends ServiceOptions>(
  load: () => C,
  run: (config: C, service: Service) => Promise<void>,
): Promise<void> {
  try {
    const config = load();
    const log = createLog(config.name, config.logLevel);
    captureConsole(log);
    const shutdown = createShutdown({ log, deadlineMs: SHUTDOWN_DEADLINE_MS });
    stopOnSignals(shutdown, log);
    // The exporter is loaded only where a collector is configured.
    const { name, tracing: traced } = config;
    const tracing = traced && (await import("../tracing/otlp-tracing.ts")).createOtlpTracing(name, traced);
    if (tracing !== undefined) shutdown.onClose("tracing", () => tracing.close());
    await run(config, {
      log,
      shutdown,
      tracing,
      listen: (fetch, options) => listen(config, { fetch, ...options }, { log, shutdown }),
    });
  } catch (error) {
    process.stderr.write(toFinalMessage(error));
    process.exit(1);
  }
}

function listen(
  { host, port, metricsPort, idleTimeoutSeconds }: ServiceOptions,
  { fetch, answerLinked, metrics }: ListenOptions & { fetch: Fetch },
  { log, shutdown }: Pick<Service, "log" | "shutdown">,
): void {
  const links = answerLinked && createLinkServer(answerLinked);
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: idleTimeoutSeconds,
    maxRequestBodySize: READ_BYTES_MAX,
    // Bun's own error page would show source code.
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
      // The connection keeps the request of the server, which knows no copy of it.
      return fetch(withAbsoluteUrl(request), new HttpConnection(request, self, hasAmbiguousPath));
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

/** A connection that looks up its peer only on demand. */
class HttpConnection implements Connection {
  constructor(
    private readonly request: Request,
    private readonly server: Bun.Server<LinkState>,
    readonly hasAmbiguousPath: boolean,
  ) {}

  get peer(): string {
    return this.server.requestIP(this.request)?.address ?? "";
  }

  setIdleTimeout(seconds: number): void {
    this.server.timeout(this.request, seconds);
  }
}

const isLink = ({ url }: Request) => url.endsWith(LINK_PATH) && URL.parse(url)?.pathname === LINK_PATH;

/** The message for an error that ends the process: of other errors their text alone, redacted. */
const toFinalMessage = (error: unknown) =>
  `${error instanceof ConfigError ? error.message : redactSecrets(String(error))}\n`;
