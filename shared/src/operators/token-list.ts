import { Problem } from "../api/problems.ts";
import type { Operator } from "../auth/tokens.ts";
import { PAGE_MAX, type Settings } from "../settings/settings.ts";
import { isShown, type Place, pickPlace, TOKENS_MAX } from "./pick-place.ts";
import { addRevoked, OPERATORS, readRevoked } from "./revoked-tokens.ts";
import { expiresAtMs, type TokenRecord, tokenRecordSchema, toTokenRecord } from "./token-record.ts";

export type TokenState = "valid" | "revoked" | "expired";

export interface ListedToken extends TokenRecord {
  state: TokenState;
}

/** The listed tokens of operators. All throw Problem `unavailable`. */
export interface TokenList {
  /**
   * Records a token before it is signed.
   *
   * @throws Problem `queue_full`, `outcome_unknown`; Error where the list is full
   */
  add(operator: Pick<Operator, "name" | "role" | "boards">, lifetimeSeconds: number): Promise<TokenRecord>;
  /** The oldest first; expired ones for a week. */
  read(): Promise<ListedToken[]>;
  /**
   * Revokes a token that has not expired. Repeated, it changes nothing.
   *
   * @returns the token as it was before, or undefined where none is listed under the id
   * @throws Problem `queue_full`, `outcome_unknown`
   */
  revoke(tokenId: string): Promise<ListedToken | undefined>;
}

// Two people who make tokens at the same moment take a second look.
const TRIES_MAX = 5;

export function createTokenList(settings: Settings, now: () => number = Date.now): TokenList {
  async function readPlaces(): Promise<Place[]> {
    const places: Place[] = [];
    for (let after = ""; ; ) {
      const page = await settings.readPage(OPERATORS, { after, limit: PAGE_MAX });
      const last = page.at(-1);
      if (last === undefined) return places;
      after = last.id;
      for (const { id, version, value } of page) {
        places.push({ id, version, record: tokenRecordSchema.safeParse(value).data });
      }
    }
  }

  async function read(): Promise<ListedToken[]> {
    const [places, revoked] = await Promise.all([readPlaces(), readRevoked(settings)]);
    const nowMs = now();
    const shown = places.flatMap(({ record }) => {
      if (record === undefined || !isShown(record, nowMs)) return [];
      const isExpired = expiresAtMs(record) <= nowMs;
      const state: TokenState = revoked.has(record.token_id) ? "revoked" : isExpired ? "expired" : "valid";
      return [{ ...record, state }];
    });
    return shown.toSorted((a, b) => a.made_at.localeCompare(b.made_at));
  }

  return {
    async add(operator, lifetimeSeconds) {
      for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
        const madeAtMs = now();
        const place = pickPlace(await readPlaces(), madeAtMs);
        if (place === undefined) {
          const tokens = TOKENS_MAX.toLocaleString("en");
          throw new Error(`the list is full: ${tokens} tokens have not expired. Make new ones with a shorter lifetime`);
        }
        const value = toTokenRecord(operator, { madeAtMs, lifetimeSeconds });
        const { id, replaces } = place;
        if ((await settings.put(OPERATORS, id, { value, replaces })) !== undefined) return value;
      }
      throw changedMeanwhile();
    },

    read,

    async revoke(tokenId) {
      for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
        const token = (await read()).find(({ token_id }) => token_id === tokenId);
        if (token === undefined || token.state !== "valid") return token;
        const expiresAtSeconds = Math.ceil(expiresAtMs(token) / 1000);
        if (await addRevoked(settings, { tokenId, expiresAtSeconds, nowMs: now() })) return token;
      }
      throw changedMeanwhile();
    },
  };
}

const changedMeanwhile = () =>
  new Problem("unavailable", "Others change the list of tokens at this moment. Nothing was changed; try again.");
