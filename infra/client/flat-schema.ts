/** A schema of the OpenAPI document without references and unions. */
export interface FlatSchema {
  /** `string`, `integer`, `number`, `boolean`, `object`, `array`; several for a union. */
  types: string[];
  isNullable: boolean;
  format: string | undefined;
  fields: Map<string, FlatSchema>;
  required: Set<string>;
  items: FlatSchema | undefined;
}

/** The parts of JSON Schema that the document uses. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
}

/** Unites the variants of a union: a field is required where each variant requires it. */
export function flatten(schema: object, schemas: Readonly<Record<string, object>>): FlatSchema {
  const { $ref, type, format, properties = {}, required = [], items, ...rest } = schema as Schema;
  if ($ref !== undefined) return flatten(schemas[$ref.split("/").at(-1) ?? ""] ?? {}, schemas);
  const each = (part: Schema) => flatten(part, schemas);
  const values = rest.enum ?? (rest.const === undefined ? [] : [rest.const]);
  const named = type === undefined ? values.map(typeOf) : [type].flat();
  const own: FlatSchema = {
    types: [...new Set(named.map((name) => (isWhole(values) && name === "number" ? "integer" : name)))],
    isNullable: false,
    format,
    fields: new Map(Object.entries(properties).map(([name, field]) => [name, each(field)])),
    required: new Set(required),
    items: items === undefined ? undefined : each(items),
  };
  const all = [own, ...(rest.allOf ?? []).map(each)].reduce((a, b) => join(a, b, a.required.union(b.required)));
  const variants = (rest.anyOf ?? rest.oneOf ?? []).map(each);
  const present = variants.filter(({ types, isNullable }) => types.length > 0 || !isNullable);
  const whole = present.length === 0 ? all : joinAny(all, present);
  const isNullable = whole.isNullable || present.length < variants.length || whole.types.includes("null");
  return { ...whole, isNullable, types: whole.types.filter((name) => name !== "null") };
}

const typeOf = (value: unknown) => (value === null ? "null" : typeof value);
const isWhole = (values: unknown[]) => values.length > 0 && values.every(Number.isInteger);

function joinAny(all: FlatSchema, variants: FlatSchema[]): FlatSchema {
  const union = variants.reduce((a, b) => join(a, b, a.required.intersection(b.required)));
  return join(all, union, all.required.union(union.required));
}

function join(a: FlatSchema, b: FlatSchema, required: Set<string>): FlatSchema {
  return {
    types: [...new Set([...a.types, ...b.types])],
    isNullable: a.isNullable || b.isNullable,
    format: a.format ?? b.format,
    fields: joinFields(a.fields, b.fields),
    required,
    items: a.items ?? b.items,
  };
}

function joinFields(a: FlatSchema["fields"], b: FlatSchema["fields"]): FlatSchema["fields"] {
  const both = new Map(a);
  for (const [name, field] of b) {
    const known = a.get(name);
    both.set(name, known === undefined ? field : join(known, field, known.required.union(field.required)));
  }
  return both;
}
