import { clientOf, until } from "../stack/stack-under-test.ts";
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
