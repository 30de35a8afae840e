import type { Context } from "hono";
import { readJson } from "shared/http";
import { Problem } from "shared/problems";
import { boardSchema, regionSchema, scoreSchema } from "shared/scores";
import { type Identity, identify } from "shared/tokens";
import { z } from "zod";
import type { RankerApp, RankerDeps } from "../app.ts";
import type { Submission } from "../submit.ts";

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/;

/** `POST /score/create`, `/score/update` and `/score/add`: a player writes the own score and no other. */
export function scoreRoutes(app: RankerApp, { submit, tokens, topology, confirmAccount }: RankerDeps): void {
  const common = { board: boardSchema(topology), region: regionSchema(topology).optional() };
  const createBody = z.strictObject({ ...common, initialScore: scoreSchema });
  const updateBody = z.strictObject({ ...common, score: scoreSchema });
  const addBody = z.strictObject({ ...common, delta: scoreSchema });

  async function identifyPlayer(c: Context): Promise<Identity> {
    const identity = await identify(tokens, topology, c.req.header("Authorization"));
    await confirmAccount(identity);
    return identity;
  }

  async function write(c: Context, identity: Identity, region: string | undefined, submission: Submission) {
    if (region !== undefined && region !== identity.region) {
      throw new Problem("wrong_region", `The player's home region is ${identity.region}.`);
    }
    const { entry, isReplay } = await submit(identity, { ...submission, idempotencyKey: readIdempotencyKey(c) });
    if (isReplay) c.header("Idempotent-Replayed", "true");
    return entry;
  }

  app.post("/score/create", async (c) => {
    const identity = await identifyPlayer(c);
    const { board, region, initialScore } = await readJson(c, createBody);
    return c.json(await write(c, identity, region, { operation: "create", board, value: initialScore }), 201);
  });
  app.post("/score/update", async (c) => {
    const identity = await identifyPlayer(c);
    const { board, region, score } = await readJson(c, updateBody);
    return c.json(await write(c, identity, region, { operation: "set", board, value: score }));
  });
  app.post("/score/add", async (c) => {
    const identity = await identifyPlayer(c);
    const { board, region, delta } = await readJson(c, addBody);
    return c.json(await write(c, identity, region, { operation: "add", board, value: delta }));
  });
}

/** @throws Problem `invalid_request` */
export function readIdempotencyKey(c: Context): string | undefined {
  const key = c.req.header("Idempotency-Key");
  if (key === undefined || IDEMPOTENCY_KEY.test(key)) return key;
  throw new Problem("invalid_request", "The header Idempotency-Key is not valid.", {
    errors: [{ field: "Idempotency-Key", message: "must be 1 to 128 visible ASCII characters" }],
  });
}
