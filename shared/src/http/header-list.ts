/** Header names in lower case, each followed by its value. */
export type HeaderList = string[];

export function toHeaderList(headers: Headers): HeaderList {
  const list: HeaderList = [];
  headers.forEach((value, name) => void list.push(name, value));
  return list;
}

/** In the form that `fetch` and `Headers` take. */
export function toHeaderPairs(list: HeaderList): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < list.length; i += 2) pairs.push([list[i] ?? "", list[i + 1] ?? ""]);
  return pairs;
}

/** The value of a header by its name in lower case. */
export function headerOf(list: HeaderList, name: string): string | undefined {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
  return undefined;
}

/** The methods that `Headers` and a header list share. Names are in lower case. */
export interface HeaderSource {
  get(name: string): string | null;
  forEach(visit: (value: string, name: string) => void): void;
}

/** Reads a list like `Headers`. A value of another process that is no text is left out. */
export const fromHeaderList = (list: HeaderList): HeaderSource => ({
  get(name) {
    const value = headerOf(list, name);
    return typeof value === "string" ? value : null;
  },
  forEach(visit) {
    for (const [name, value] of toHeaderPairs(list)) visit(value, name);
  },
});
