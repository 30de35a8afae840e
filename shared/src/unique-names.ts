// A string, or a mark that matters to the nesting; everything else of a JSON text lies between.
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/**
 * Whether no object of a JSON text names a member twice. `JSON.parse` keeps the last one and other parsers the first,
 * so that such a text says different things to different readers (RFC 8259, 4; RFC 7519, 4).
 *
 * @param json a text that `JSON.parse` takes
 */
export function hasUniqueNames(json: string): boolean {
  const open: (Set<string> | undefined)[] = []; // the names of each object around, undefined for an array
  let text = "";
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const names = open.at(-1);
      const name = JSON.parse(text) as string;
      if (names?.has(name)) return false;
      names?.add(name);
    } else if (token !== ",") text = token;
  }
  return true;
}
