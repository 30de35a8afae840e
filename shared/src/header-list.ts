/** Names in lower case and values by turns, as they were sent. */
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
