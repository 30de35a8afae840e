import { Problem } from "shared/api/problems";
import { idempotencyKeySchema, requestSchemas } from "shared/api/requests";
import { identify } from "shared/auth/identify";
import { readJson } from "shared/http/body";
import type { HotRoute } from "shared/http/hot-routes";
import type { Incoming } from "shared/http/incoming";
import { jsonReply, type Reply } from "shared/http/reply";
import type { z } from "zod";
import type { RankerDeps } from "../app.ts";
import type { Submission, Submitted } from "../writes/submit.ts";

/** What every write may say. */
interface Written {
  board: string;
  region?: string | undefined;
}

/** The answer to a write, which says so where it was given before. */
export const toReply = ({ entry, isReplay }: Submitted, status: number): Reply => ({
  ...jsonReply(entry, status),
  ...(isReplay ? { headers: { "idempotent-replayed": "true" } } : {}),
});

/** `POST /score/create`, `/score/update` and `/score/add`: a player writes the own score and no other. */
export function scoreRoutes(deps: RankerDeps): HotRoute[] {
  const { submit, tokens, topology, confirmAccount } = deps;
  const { createScore, setScore, addScore } = requestSchemas(topology, deps.passwordsRequired);

  function writeRoute<S extends z.ZodType<Written>>(
    path: string,
    schema: S,
    toSubmission: (body: z.output<S>) => Pick<Submission, "operation" | "value">,
    status = 200,
  ): HotRoute {
    return {
      method: "POST",
      path,
      async answer(incoming) {
        const identity = await identify(tokens, topology, incoming.headers.get("authorization"));
        await confirmAccount(identity);
        const body = await readJson(incoming, schema);
        const { board, region = identity.region } = body;
        if (region !== identity.region) {
          throw new Problem("wrong_region", `The player's home region is ${identity.region}.`);
        }
        const idempotencyKey = readIdempotencyKey(incoming);
        return toReply(await submit(identity, { ...toSubmission(body), board, idempotencyKey }), status);
      },
    };
  }

  return [
    writeRoute("/score/create", createScore, ({ initialScore }) => ({ operation: "create", value: initialScore }), 201),
    writeRoute("/score/update", setScore, ({ score }) => ({ operation: "set", value: score })),
    writeRoute("/score/add", addScore, ({ delta }) => ({ operation: "add", value: delta })),
  ];
}

/** @throws Problem `invalid_request` */
export function readIdempotencyKey({ headers }: Pick<Incoming, "headers">): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  const result = idempotencyKeySchema.safeParse(key);
  if (result.success) return key;
  throw new Problem("invalid_request", "The header Idempotency-Key is not valid.", {
    errors: result.error.issues.map(({ message }) => ({ field: "Idempotency-Key", message })),
  });
}
