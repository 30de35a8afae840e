import { z } from "zod";
import { examples } from "./examples.ts";
import { nameOperations } from "./operation.ts";

const upstreams = z
  .array(z.object({ address: z.string(), up: z.boolean() }))
  .optional()
  .meta({ description: "Of a gateway: the rankers, and whether they take requests." });

/** The answer of `GET /health`. */
export const healthSchema = z.object({ status: z.literal("ok"), upstreams });
export type Health = z.infer<typeof healthSchema>;

/** The answer of `GET /ready`. */
export const readinessSchema = z.object({
  status: z.enum(["ready", "unavailable", "stopping"]),
  upstreams,
  dependencies: z
    .array(z.object({ name: z.string(), up: z.boolean() }))
    .optional()
    .meta({
      description: "Of a ranker or a drainer: its stores. Of a ranker also each region whose reads are refused now.",
    }),
});
export type Readiness = z.infer<typeof readinessSchema>;

const status = {
  method: "GET",
  tag: "service",
  access: "anyone",
  limits: [],
  isProxied: false,
  isWrite: false,
  repeat: "always",
  problems: [],
} as const;

/** `GET /health` and `GET /ready`: every service has them. */
export const statusOperations = nameOperations({
  health: {
    ...status,
    path: "/health",
    summary: "Whether the process lives",
    success: { 200: { description: "It lives.", schema: healthSchema, example: examples.health } },
  },
  ready: {
    ...status,
    path: "/ready",
    summary: "Whether to send requests here",
    success: {
      200: { description: "Yes.", schema: readinessSchema, example: examples.ready },
      503: { description: "No.", schema: readinessSchema, example: examples.notReady },
    },
  },
});

/** `GET /openapi.json`, which the gateway alone has. */
export const documentOperations = nameOperations({
  openapi: {
    ...status,
    path: "/openapi.json",
    limits: ["read"],
    summary: "This document",
    success: { 200: { description: "OpenAPI 3.1.", mediaType: "application/json" } },
  },
});

/** The paths of probes, which are neither logged nor traced: they come several times a second. */
export const STATUS_PATHS: ReadonlySet<string> = new Set(Object.values(statusOperations).map(({ path }) => path));
