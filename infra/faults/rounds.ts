import { clientOf, until } from "testing/stack-under-test";
import type { ServiceMember } from "./site.ts";

/** Waits until every one of these gateways sends requests to a ranker, or none does. */
export async function untilInRound(
  gateways: readonly ServiceMember[],
  { url }: ServiceMember,
  isIn = true,
): Promise<void> {
  const { host } = new URL(url);
  for (const gateway of gateways) {
    await until(
      () => clientOf(gateway).health(),
      ({ upstreams = [] }) => upstreams.some(({ address, up }) => address === host && up === isIn),
    );
  }
}

/**
 * Waits until a gateway that was started again is asked for something: whoever balances the load leaves one that has failed
 * out for a while, and had none left if the others stopped within it.
 *
 * @param from how many lines the gateway had written when it was started
 */
export async function untilAsked({ lines }: ServiceMember, from: number): Promise<void> {
  await until(
    async () => lines.slice(from),
    (since) => since.some((line) => line.includes('"msg":"request"')),
  );
}
