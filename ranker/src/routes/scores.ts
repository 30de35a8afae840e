import type { Context } from "hono";
import { readJson } from "shared/http";
import { Problem } from "shared/problems";
import { idempotencyKeySchema, requestSchemas } from "shared/requests";
import { type Identity, identify } from "shared/tokens";
import type { RankerApp, RankerDeps } from "../app.ts";
import type { Submission } from "../submit.ts";

/** `POST /score/create`, `/score/update` and `/score/add`: a player writes the own score and no other. */
export function scoreRoutes(app: RankerApp, deps: RankerDeps): void {
  const { submit, tokens, topology, confirmAccount } = deps;
  const { createScore, setScore, addScore } = requestSchemas(topology, deps.passwordsRequired);

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
    const { board, region, initialScore } = await readJson(c, createScore);
    return c.json(await write(c, identity, region, { operation: "create", board, value: initialScore }), 201);
  });
  app.post("/score/update", async (c) => {
    const identity = await identifyPlayer(c);
    const { board, region, score } = await readJson(c, setScore);
    return c.json(await write(c, identity, region, { operation: "set", board, value: score }));
  });
  app.post("/score/add", async (c) => {
    const identity = await identifyPlayer(c);
    const { board, region, delta } = await readJson(c, addScore);
    return c.json(await write(c, identity, region, { operation: "add", board, value: delta }));
  });
}

function readIdempotencyKey(c: Context): string | undefined {
  const key = c.req.header("Idempotency-Key");
  if (key === undefined) return undefined;
  const result = idempotencyKeySchema.safeParse(key);
  if (result.success) return key;
  throw new Problem("invalid_request", "The header Idempotency-Key is not valid.", {
    errors: result.error.issues.map(({ message }) => ({ field: "Idempotency-Key", message })),
  });
}
