/** Plain digits, or `1e6`; not a number otherwise. */
export const toWhole = (text: string) => (/^\d{1,9}(e\d)?$/.test(text) ? Number(text) : Number.NaN);
