import { clientOf } from "testing/services/client";
import { until } from "testing/until";
import type { ServiceMember } from "./site.ts";

/** Waits until each of the gateways sends requests to a ranker (`isIn`), or none does. */
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
 * Waits until a restarted gateway gets a request. nginx skips a failed gateway for a while, and
 * would have none left if the others stopped in that time.
 *
 * @param from how many lines the gateway had written when it was started
 */
export async function untilAsked({ lines }: ServiceMember, from: number): Promise<void> {
  await until(
    async () => lines.slice(from),
    (since) => since.some((line) => line.includes('"msg":"request"')),
  );
}
