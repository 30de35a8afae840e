import {
  aroundSchema,
  entrySchema,
  erasedSchema,
  healthSchema,
  playerRecordSchema,
  rankSchema,
  readinessSchema,
  sessionSchema,
  topSchema,
  visibilitySchema,
} from "shared/api/answers";
import type { ProblemCode } from "shared/api/problems";
import { requestSchemas } from "shared/api/requests";
import type { Topology } from "shared/model/regions";
import type { z } from "zod";
import { examples } from "./examples.ts";

/** An answer that is no problem. */
export interface Success {
  description: string;
  /** JSON, as this schema describes it; another media type where there is none. */
  schema?: z.ZodType;
  mediaType?: string;
  example?: unknown;
}

/** One route as its callers see it. What its kind implies (headers, common problems), `document.ts` adds. */
export interface Operation {
  method: "GET" | "POST" | "DELETE";
  /** As the router spells it. */
  path: string;
  /** Also the method of the client. */
  id: string;
  tag: "players" | "scores" | "boards" | "operators" | "service";
  summary: string;
  description?: string;
  /** Who may call: a limited route takes from token buckets; a token says whose score it is, or which operator acts. */
  isLimited?: boolean;
  needsToken?: boolean;
  /** Whether a ranker answers. */
  isProxied?: boolean;
  /** Whether an `Idempotency-Key` makes it safe to repeat. */
  isRepeatable?: boolean;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: { schema: z.ZodObject; example: unknown; isOptional?: boolean };
  success: Record<number, Success>;
  problems: readonly ProblemCode[];
}

/** Every route of the gateway that answers programs. */
export function operations(topology: Topology): readonly Operation[] {
  const requests = requestSchemas(topology, false);
  const enter = { method: "POST", tag: "players", isLimited: true, isProxied: true } as const;
  const write = { ...enter, tag: "scores", needsToken: true, isRepeatable: true } as const;
  const read = { method: "GET", tag: "boards", isLimited: true, isProxied: true } as const;
  const operate = {
    tag: "operators",
    needsToken: true,
    isLimited: true,
    isProxied: true,
    params: requests.player,
  } as const;
  const service = { method: "GET", tag: "service" } as const;
  const written = { description: "The entry as it stands now.", schema: entrySchema, example: examples.entry };
  const writeProblems = ["wrong_region", "idempotency_conflict", "queue_full", "outcome_unknown"] as const;

  return [
    {
      ...enter,
      path: "/auth/register",
      id: "register",
      summary: "Register a player",
      description:
        "Closed (`registration_closed`) where players come from an identity provider. Registrations of one network are " +
        "limited beside the limit by address.",
      body: { schema: requests.registration, example: examples.registration },
      success: { 201: { description: "Registered.", schema: sessionSchema, example: examples.session } },
      problems: ["registration_closed", "user_exists", "queue_full", "outcome_unknown"],
    },
    {
      ...enter,
      path: "/auth/login",
      id: "login",
      summary: "Log a player in",
      description:
        "Ten failed tries of one player from one address are followed by `rate_limited`; a /56 of IPv6 has twice, a /48 " +
        "four times the tries of an address.",
      body: { schema: requests.credentials, example: examples.credentials },
      success: { 200: { description: "Logged in.", schema: sessionSchema, example: examples.session } },
      // A login completes the initial score of a registration that broke off.
      problems: ["bad_credentials", "wrong_region", "queue_full", "outcome_unknown"],
    },
    {
      ...write,
      path: "/score/create",
      id: "createScore",
      summary: "Enter a board",
      body: { schema: requests.createScore, example: examples.createScore },
      success: { 201: written },
      problems: ["entry_exists", ...writeProblems],
    },
    {
      ...write,
      path: "/score/update",
      id: "setScore",
      summary: "Set the score",
      body: { schema: requests.setScore, example: examples.setScore },
      success: { 200: written },
      problems: writeProblems,
    },
    {
      ...write,
      path: "/score/add",
      id: "addScore",
      summary: "Add to the score, atomically",
      description: "A missing entry begins at 0.",
      body: { schema: requests.addScore, example: examples.addScore },
      success: { 200: written },
      problems: ["score_out_of_range", ...writeProblems],
    },
    {
      ...read,
      path: "/top",
      id: "top",
      summary: "The best of a board",
      query: requests.topQuery,
      success: { 200: { description: "The best, in order.", schema: topSchema, example: examples.top } },
      problems: ["region_unavailable"],
    },
    {
      ...read,
      path: "/rank/:userId",
      id: "rank",
      params: requests.player,
      summary: "One player's rank",
      query: requests.rankQuery,
      success: { 200: { description: "The entry.", schema: rankSchema, example: examples.rank } },
      problems: ["not_ranked", "region_unavailable"],
    },
    {
      ...read,
      path: "/around/:userId",
      id: "around",
      params: requests.player,
      summary: "One player's neighbours",
      description: "Up to `range` above and below, refilled at the ends of the board.",
      query: requests.aroundQuery,
      success: { 200: { description: "The neighbours.", schema: aroundSchema, example: examples.around } },
      problems: ["not_ranked", "region_unavailable"],
    },
    {
      ...read,
      path: "/live",
      id: "live",
      summary: "A board's top as it changes",
      description:
        "Server-Sent Events: a snapshot, then what changes, numbered; `Last-Event-ID` resumes. A stream is not limited " +
        "in time.",
      query: requests.liveQuery,
      success: { 200: { description: "The stream.", mediaType: "text/event-stream" } },
      problems: ["region_unavailable", "too_many_streams"],
    },
    {
      ...read,
      path: "/live/rank/:userId",
      id: "liveRank",
      params: requests.player,
      summary: "One player's rank as it changes",
      query: requests.liveRankQuery,
      success: { 200: { description: "The stream.", mediaType: "text/event-stream" } },
      problems: ["not_ranked", "region_unavailable", "too_many_streams"],
    },
    {
      ...operate,
      method: "GET",
      path: "/players/:userId",
      id: "playerRecord",
      summary: "All that is kept of a player",
      description: "Accounts, entries and events, but for the hash of the password.",
      success: { 200: { description: "The record.", schema: playerRecordSchema, example: examples.playerRecord } },
      problems: ["not_found"],
    },
    {
      ...operate,
      method: "DELETE",
      path: "/players/:userId",
      id: "erasePlayer",
      summary: "Erase a player",
      description: "In both stores. It can be repeated: whoever registers the `user_id` later starts clean.",
      success: { 200: { description: "Erased.", schema: erasedSchema, example: examples.erased } },
      problems: ["outcome_unknown"],
    },
    {
      ...operate,
      method: "POST",
      path: "/players/:userId/hide",
      id: "hidePlayer",
      summary: "Take a player off all boards",
      description:
        "The score is kept, and so is what the player goes on to write: with `rank: null`, on boards of today and later " +
        "ones. It can be repeated.",
      body: { schema: requests.operatorReason, example: examples.hide, isOptional: true },
      success: { 200: { description: "Hidden.", schema: visibilitySchema, example: examples.hidden } },
      problems: ["not_found", "outcome_unknown"],
    },
    {
      ...operate,
      method: "POST",
      path: "/players/:userId/unhide",
      id: "unhidePlayer",
      summary: "Put a hidden player back",
      description: "With the score of now, and ties as if never hidden. It can be repeated.",
      body: { schema: requests.operatorReason, example: examples.unhide, isOptional: true },
      success: { 200: { description: "Not hidden.", schema: visibilitySchema, example: examples.shown } },
      problems: ["not_found", "outcome_unknown"],
    },
    {
      ...operate,
      method: "POST",
      path: "/players/:userId/score",
      id: "writeScore",
      isRepeatable: true,
      summary: "Write a player's score",
      description: "For game servers: sets, adds, or creates the entry.",
      body: { schema: requests.operatorScore, example: examples.operatorScore },
      success: { 200: written, 201: { ...written, description: "The entry that was created." } },
      problems: [
        ...(["not_found", "entry_exists", "score_out_of_range"] as const),
        ...(["idempotency_conflict", "queue_full", "outcome_unknown"] as const),
      ],
    },
    {
      ...service,
      path: "/health",
      id: "health",
      summary: "Whether the process lives",
      success: { 200: { description: "It lives.", schema: healthSchema, example: examples.health } },
      problems: [],
    },
    {
      ...service,
      path: "/ready",
      id: "ready",
      summary: "Whether to send requests here",
      success: {
        200: { description: "Yes.", schema: readinessSchema, example: examples.ready },
        503: { description: "No.", schema: readinessSchema, example: examples.notReady },
      },
      problems: [],
    },
    {
      ...service,
      path: "/openapi.json",
      id: "openapi",
      isLimited: true,
      summary: "This document",
      success: { 200: { description: "OpenAPI 3.1.", mediaType: "application/json" } },
      problems: [],
    },
  ];
}
