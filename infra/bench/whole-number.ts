/** Plain digits, or `1e6`; not a number otherwise. */
export const toWhole = (text: string) => (/^\d{1,9}(e\d)?$/.test(text) ? Number(text) : Number.NaN);

/** Reads whole numbers, and adds a fault for each option whose value is none, or out of bounds. */
export const wholeReader = (faults: string[]) => (name: string, text: string, min: number, max: number) => {
  const number = toWhole(text);
  if (!(number >= min && number <= max)) faults.push(`--${name} must be a whole number from ${min} to ${max}`);
  return number;
};
