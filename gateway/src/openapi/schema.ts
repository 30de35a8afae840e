import { isDeepStrictEqual } from "node:util";
import { z } from "zod";

export type Json = Record<string, unknown>;

/** Whether callers send the value or get it. */
export type Direction = "input" | "output";

const INT32_MAX = 2 ** 31 - 1;

/** A schema in the dialect of OpenAPI 3.1, as callers send it. */
export function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    // zod leaves out the default of a transformed value, because it is one of the output. Here it
    // is one of the input, too.
    override({ zodSchema, jsonSchema }) {
      if (zodSchema instanceof z.ZodDefault) jsonSchema.default = zodSchema.def.defaultValue;
    },
  });
  return forGenerators(rest, "input");
}

/** A body: like {@link schemaOf}, with defaults told in words, which some generators would send. */
export const bodyOf = (schema: z.ZodType): Json => tellDefaults(schemaOf(schema));

/**
 * Rewrites a schema into the part of JSON Schema that generators of clients read right. It takes
 * every value that the schema took, and for answers those with further fields, so that a client
 * outlives a new field.
 */
export function forGenerators(schema: Json, direction: Direction): Json {
  const inner = mapSchemas(schema, (part) => forGenerators(part, direction));
  const { propertyNames: _, ...node } = inner;
  const merged = mergeNull(mergeObjects(mergeConstants(mergePatterns(node))));
  const typed = addFormat(addType(merged));
  // Java's and C#'s types of time have no pattern, and do not compile with one.
  if (typed.format === "date-time") delete typed.pattern;
  // Conditions between fields stand in descriptions: generators make empty types of them.
  if (typed.properties !== undefined) for (const name of ["oneOf", "anyOf"]) delete typed[name];
  // C#'s type of an enum that is required has no null.
  if (Array.isArray(typed.required)) typed.required = typed.required.filter((name) => !isNullEnum(typed, name));
  // Generators for OpenAPI 3.0 expect a boolean here.
  if (typeof typed.exclusiveMinimum === "number") {
    typed.minimum = typed.type === "integer" ? typed.exclusiveMinimum + 1 : typed.exclusiveMinimum;
    delete typed.exclusiveMinimum;
  }
  if (direction === "output") {
    delete typed.default;
    if (typed.additionalProperties === false) delete typed.additionalProperties;
  }
  return typed;
}

function isNullEnum({ properties }: Json, name: string): boolean {
  const values = (properties as Record<string, Json> | undefined)?.[name]?.enum;
  return Array.isArray(values) && values.includes(null);
}

/** A copy whose direct sub-schemas are changed. Examples and defaults, which are values, stay. */
export function mapSchemas(schema: Json, change: (part: Json) => Json): Json {
  const copy: Json = { ...schema };
  const changeOne = (part: unknown) => (typeof part === "object" && part !== null ? change(part as Json) : part);
  for (const name of ["items", "additionalProperties", "contentSchema"])
    if (copy[name] !== undefined) copy[name] = changeOne(copy[name]);
  for (const name of ["anyOf", "oneOf", "allOf"]) {
    if (Array.isArray(copy[name])) copy[name] = copy[name].map(changeOne);
  }
  if (copy.properties !== undefined) {
    const properties = Object.entries(copy.properties as Json).map(([name, part]) => [name, changeOne(part)]);
    copy.properties = Object.fromEntries(properties);
  }
  return copy;
}

/** Several patterns as the one without lookaround, which not every language has. */
function mergePatterns(node: Json): Json {
  const { allOf, ...rest } = node;
  if (!Array.isArray(allOf) || allOf.some((part: Json) => typeof part.pattern !== "string")) return node;
  const plain = allOf.filter(({ pattern }) => !pattern.includes("(?"));
  return plain.length > 0 ? { ...rest, pattern: plain[0].pattern } : rest;
}

/** A union of constants as an `enum`, or as their type where they are not texts. */
function mergeConstants(node: Json): Json {
  const { anyOf, ...rest } = node;
  if (!Array.isArray(anyOf) || anyOf.length < 2) return node;
  if (anyOf.every((part) => isDeepStrictEqual(part, anyOf[0]))) return { ...anyOf[0], ...rest };
  const values = anyOf.map((part: Json) => (part.enum as unknown[] | undefined)?.[0]);
  return anyOf.every((part: Json) => (part.enum as unknown[] | undefined)?.length === 1)
    ? { ...rest, enum: values }
    : node;
}

/**
 * A union of objects as one object, of which only the fields that all have are required: what
 * generators make of a union without a discriminator differs, and in half of them does not compile.
 * A union of other types has `oneOf`.
 */
function mergeObjects(node: Json): Json {
  const { anyOf, oneOf = anyOf, ...rest } = node;
  if (!Array.isArray(oneOf) || oneOf.some(({ type }: Json) => type === undefined || type === "null")) return node;
  if (oneOf.some(({ properties }: Json) => properties === undefined)) return { ...rest, oneOf };
  const parts = oneOf as { properties: Record<string, Json>; required?: string[]; additionalProperties?: false }[];
  const properties: Record<string, Json> = {};
  for (const [name, field] of parts.flatMap((part) => Object.entries(part.properties)))
    properties[name] = name in properties ? mergeFields(properties[name] as Json, field) : field;
  const [first, ...others] = parts;
  const required = first?.required?.filter((name) => others.every((part) => part.required?.includes(name))) ?? [];
  const merged: Json = { ...rest, type: "object", properties };
  if (required.length > 0) merged.required = required;
  if (parts.every(({ additionalProperties }) => additionalProperties === false)) merged.additionalProperties = false;
  return merged;
}

/** A schema that takes what either takes, by type alone where they differ. */
function mergeFields(one: Json, other: Json): Json {
  if (isDeepStrictEqual(one, other)) return one;
  const { type } = one;
  if (Array.isArray(one.enum) && Array.isArray(other.enum) && type === other.type)
    return { ...one, enum: [...new Set([...one.enum, ...other.enum])] };
  // Fields of several variants differ in their descriptions at most, where they are lists.
  if (type === "array" && isDeepStrictEqual(one.items, other.items)) return one;
  const types = [...new Set([type, other.type].flat())];
  const merged: Json = { type: types.length === 1 ? types[0] : types };
  for (const name of ["format", "description"]) {
    const value = one[name] ?? other[name];
    if (value !== undefined && value !== "int32") merged[name] = value;
  }
  return addFormat(merged);
}

/** `X or null` as one schema with two types, and unions beside null as one list. */
function mergeNull(node: Json): Json {
  const { anyOf, ...rest } = node;
  if (!Array.isArray(anyOf) || anyOf.length !== 2 || anyOf[1].type !== "null") return node;
  const [{ description: _, ...first }] = anyOf as [Json, Json];
  if (typeof first.type !== "string") return node;
  const values = Array.isArray(first.enum) ? { enum: [...first.enum, null] } : undefined;
  return { ...first, ...rest, type: [first.type, "null"], ...values };
}

const typesOf = (values: readonly unknown[]) => [
  ...new Set(
    values.map((value) => (value === null ? "null" : Number.isInteger(value) ? "integer" : (typeof value as string))),
  ),
];

/**
 * A constant is an `enum` of one value, which more generators know. Either has a type, and one that
 * is not of texts has nothing else: Rust's and C#'s enums are of texts.
 */
function addType(node: Json): Json {
  const { const: constant, enum: listed, ...rest } = node;
  const values = "const" in node ? [constant] : listed;
  if (!Array.isArray(values)) return node;
  const types = typesOf(values);
  const type = types.length === 1 ? types[0] : types;
  return types.includes("string") ? { ...rest, type, enum: values } : { ...rest, type };
}

/** Without a format some generators make numbers of 32 bits, and scores wrong without an error. */
function addFormat(node: Json): Json {
  const types = [node.type].flat();
  if (node.format !== undefined || node.enum !== undefined) return node;
  if (types.includes("number")) return { ...node, format: "double" };
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = node as Record<string, number>;
  const fits = minimum >= -INT32_MAX && maximum <= INT32_MAX;
  return types.includes("integer") ? { ...node, format: fits ? "int32" : "int64" } : node;
}

function tellDefaults(node: Json): Json {
  const inner = mapSchemas(node, tellDefaults);
  const { default: value, ...rest } = inner;
  if (!("default" in inner)) return inner;
  const told = `Left out, it is \`${JSON.stringify(value)}\`.`;
  return { ...rest, description: [rest.description, told].filter((part) => part !== undefined).join(" ") };
}
