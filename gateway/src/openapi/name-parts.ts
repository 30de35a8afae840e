import { isDeepStrictEqual } from "node:util";
import { ref } from "./headers.ts";
import type { Json } from "./schema.ts";

/**
 * Makes every object within these schemas a schema of its own, named by where it is: `BoardBounds`.
 * Equal ones are one. Generators name objects within others differently, and some lose that one may
 * be null, so that a decoder refuses the answer.
 */
export function nameParts(schemas: Readonly<Record<string, Json>>): Record<string, Json> {
  const named: Record<string, Json> = {};

  const nameWithin = (node: Json, path: string): Json => {
    const copy = { ...node };
    if (isSchema(node.items)) copy.items = nameOne(node.items, singularOf(path));
    if (isSchema(node.properties)) {
      const fields = Object.entries(node.properties as Record<string, Json>);
      copy.properties = Object.fromEntries(fields.map(([name, field]) => [name, nameOne(field, path + pascal(name))]));
    }
    return copy;
  };

  const nameOne = (node: Json, path: string): Json => {
    const inner = nameWithin(node, path);
    if (Object.keys(inner.properties ?? {}).length === 0) return inner;
    if (!Array.isArray(inner.type)) return ref("schemas", keep(path, inner));
    const { description, ...rest } = inner;
    const own = ref("schemas", keep(path, { ...rest, type: "object" }));
    const union = { anyOf: [own, { type: "null" }] };
    return description === undefined ? union : { description, ...union };
  };

  const keep = (path: string, schema: Json): string => {
    const equal = Object.keys(named).find((name) => isDeepStrictEqual(named[name], schema));
    if (equal !== undefined) return equal;
    if (path in named || path in schemas) throw new Error(`two schemas are named ${path}`);
    named[path] = schema;
    return path;
  };

  const whole = Object.entries(schemas).map(([name, schema]) => [name, nameWithin(schema, name)]);
  return { ...Object.fromEntries(whole), ...named };
}

const isSchema = (value: unknown): value is Json => typeof value === "object" && value !== null;

const pascal = (name: string) =>
  name
    .split("_")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

const singularOf = (name: string) => name.replace(/ies$/, "y").replace(/s$/, "");
