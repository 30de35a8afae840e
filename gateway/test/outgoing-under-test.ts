import type { Outgoing } from "../src/upstream/pass-on.ts";

/** A read on its way to a ranker. */
export const getOf = (target: string): Outgoing => ({
  method: "GET",
  target,
  headers: [],
  body: new Uint8Array(),
  isWrite: false,
  isRepeatable: true,
});

/** A write on its way to a ranker, which must not be sent twice. */
export const postOf = (target: string, body: string): Outgoing => ({
  ...getOf(target),
  method: "POST",
  body: new TextEncoder().encode(body),
  isWrite: true,
  isRepeatable: false,
});
