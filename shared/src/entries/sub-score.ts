import type { Board } from "../model/board.ts";

type Order = NonNullable<Board["sub"]>;

/** Width of the key of a sub-score in decimal digits. */
export const SUB_DIGITS = 16;

/** The key of a sub-score, greater the better; it is also its own inverse. */
const invert = (order: Order, sub: number) => (order === "desc" ? sub : Number.MAX_SAFE_INTEGER - sub);

export const toSubKey = (order: Order, sub: number): string => String(invert(order, sub));

/** The sub-score in a place, or in a member that begins with it. */
export const subOfPlace = (order: Order, place: string): number => invert(order, Number(place.slice(0, SUB_DIGITS)));
