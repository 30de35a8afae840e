import { createCoalesce } from "shared/coalesce";
import type { Incoming } from "shared/incoming";
import { type Reply, shareBody, toBytes } from "shared/reply";

/** Answers a request. */
export type Ask = (incoming: Incoming) => Promise<Reply>;

/** Asks once for all who want the same of the board at the same time, and gives everybody the one answer. */
export function shareAnswers(ask: Ask): Ask {
  const read = createCoalesce<{ answer: Reply; asked: Incoming }>();
  const askForAll = async (incoming: Incoming) => {
    const answer = await ask(incoming);
    return { answer: { ...answer, body: shareBody(toBytes(answer.body)) }, asked: incoming };
  };
  return async (incoming) => {
    if (incoming.method !== "GET") return ask(incoming); // HEAD has no body to share
    const { answer, asked } = await read(incoming.query, () => askForAll(incoming));
    if (asked === incoming) return answer;
    // A refusal names the request that it is the answer to.
    if (answer.status !== 200) return ask(incoming);
    const { upstream } = asked.trail;
    if (upstream !== undefined) incoming.trail.upstream = upstream;
    return answer;
  };
}
