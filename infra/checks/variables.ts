import { commonFields } from "shared/service/config";
import { tokenFields } from "shared/service/token-config";
import { z } from "zod";
import { drainerFields } from "../../drainer/src/config.ts";
import { gatewayFields } from "../../gateway/src/config.ts";
import { rankerFields } from "../../ranker/src/config.ts";

/** A variable as documents show it. */
export interface Variable {
  name: string;
  field: z.ZodType;
  isRequired: boolean;
  /** As it is written in an environment; none where the variable is optional and has no default. */
  defaultText: string | undefined;
  /** Range or choices; empty where the description says it. */
  values: string;
  description: string;
  example: string;
  /** Value for one region, where `<NAME>_<REGION>` overrides the variable. */
  regionExample: string | undefined;
}

/** What a schema's `.meta` may say of a variable. */
const noteSchema = z.strictObject({
  description: z.string().min(1),
  example: z.string().optional(),
  regionExample: z.string().optional(),
});

/** The variables by who reads them, each once for each default that it has. */
export const sections = [
  { readers: "All services", variables: toVariables(commonFields) },
  { readers: "Gateway and ranker", variables: toVariables(tokenFields) },
  { readers: "Gateway", variables: toVariables(gatewayFields, { ...commonFields, ...tokenFields }) },
  { readers: "Ranker", variables: toVariables(rankerFields, { ...commonFields, ...tokenFields }) },
  { readers: "Drainer", variables: toVariables(drainerFields, commonFields) },
];

function toVariables(fields: z.ZodRawShape, without: z.ZodRawShape = {}): Variable[] {
  return Object.entries(fields)
    .filter(([name]) => !(name in without))
    .map(([name, field]) => toVariable(name, field as z.ZodType));
}

/** @throws ZodError when the schema describes itself wrongly or not at all */
function toVariable(name: string, field: z.ZodType): Variable {
  const missing = field.safeParse(undefined);
  const defaultText = toText(missing.data);
  const { description, example, regionExample } = noteSchema.parse(field.meta() ?? {}, { error: () => `of ${name}` });
  return {
    name,
    field,
    isRequired: !missing.success,
    defaultText,
    values: valuesOf(field),
    description,
    example: example ?? defaultText ?? "",
    regionExample,
  };
}

function toText(value: unknown): string | undefined {
  const text = Array.isArray(value) ? value.join(",") : value === undefined ? "" : String(value);
  return text === "" ? undefined : text;
}

function valuesOf(field: z.ZodType): string {
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional) return valuesOf(field.unwrap() as z.ZodType);
  if (field instanceof z.ZodEnum) return field.options.join(", ");
  return String(field.meta()?.values ?? "");
}
