import { ACCOUNTS_TAG } from "shared/redis/keys";
import { readFence } from "shared/stores/fenced-store";
import type { Sides } from "../subjects/sides.ts";
import { type ClosedStore, closeStore, judgePlace, type StorePlace } from "./close-and-reopen.ts";

/** A store that a restore opens when it is done. */
export interface ClosedPlace {
  place: StorePlace;
  store: ClosedStore;
}

/**
 * Closes the stores of all shards and of the accounts, except stores that are open and whole: those
 * are restored beside live traffic.
 *
 * @throws Error where a store holds another deployment's data; then none was changed
 */
export async function closeAll({ topology, stores, databases }: Sides): Promise<ClosedPlace[]> {
  const places: StorePlace[] = [
    { redis: stores.home, database: databases.home, tag: ACCOUNTS_TAG },
    ...topology.shards.map(({ tag, region }) => ({
      redis: stores.of(region),
      database: databases.of(region),
      tag,
    })),
  ];
  const judged = await Promise.all(
    places.map(async (place) => {
      const found = await readFence(place.redis, place.tag);
      const { guarded, verdict } = await judgePlace(place, found);
      return { place, found, guarded, verdict };
    }),
  );
  const foreign = judged.find(({ verdict }) => verdict === "foreign");
  if (foreign !== undefined) {
    throw new Error(`Redis has the data of another deployment for ${foreign.place.tag}: empty it first.`);
  }
  const closed: ClosedPlace[] = [];
  for (const { place, found, guarded, verdict } of judged) {
    if (verdict !== "open") closed.push({ place, store: await closeStore(place, found, guarded) });
  }
  return closed;
}
