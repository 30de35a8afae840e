import { Ajv2020 } from "ajv/dist/2020.js";
import { words } from "testing/words";
import type { OpenApiDocument } from "../../../gateway/src/openapi/document.ts";
import { type Json, mapSchemas } from "../../../gateway/src/openapi/schema.ts";

export interface Request {
  method: string;
  /** As the document spells it: `/rank/{userId}`. */
  path: string;
}

/** Headers of HTTP itself, which any answer may have. */
const COMMON = new Set(words`cache-control connection content-encoding content-length content-type date etag vary
  content-security-policy cross-origin-resource-policy referrer-policy x-accel-buffering x-content-type-options`);

/**
 * Closes the objects of a schema that names their fields. The document leaves answers open, so that
 * clients take a new field; a field that it does not name is a fault nevertheless.
 */
function close(schema: Json): Json {
  const inner = mapSchemas(schema, close);
  return inner.properties === undefined ? inner : { additionalProperties: false, ...inner };
}

/** Compares real answers with the document: status, media type, headers and body. */
export function createAnswerCheck(document: OpenApiDocument) {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
  for (const format of ["date-time", "password", "int32", "int64", "double"]) ajv.addFormat(format, true);
  ajv.addVocabulary(["components"]);
  const schemas = Object.entries(document.components.schemas ?? {}).map(([name, schema]) => [
    name,
    close(schema as Json),
  ]);
  ajv.addSchema({ $id: "api", components: { ...document.components, schemas: Object.fromEntries(schemas) } });

  const resolve = (value: unknown): Json => {
    const { $ref } = value as { $ref?: string };
    if ($ref === undefined) return value as Json;
    const [, kind = "", name = ""] = /^#\/components\/(\w+)\/(.+)$/.exec($ref) ?? [];
    return document.components[kind]?.[name] as Json;
  };

  /** Faults of a value; none where it conforms to the schema. */
  function faultsOf(schema: unknown, value: unknown): string[] {
    const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')));
    return validate(value) ? [] : [`${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`];
  }

  function faultsOfHeaders(described: Json, headers: Headers): string[] {
    const known = Object.entries(described).map(([name, header]) => [name.toLowerCase(), resolve(header)] as const);
    const names = new Set(known.map(([name]) => name));
    const unknown = [...headers.keys()].filter((name) => !names.has(name) && !COMMON.has(name));
    const wrong = known.flatMap(([name, { required, schema }]) => {
      const value = headers.get(name);
      if (value === null) return required === true ? [`no ${name}`] : [];
      return faultsOf(schema, (schema as Json).type === "integer" ? Number(value) : value);
    });
    return [...unknown.map((name) => `${name} is not in the document`), ...wrong];
  }

  return {
    faultsOf,
    /** Differences between an answer and the document. */
    async faultsOfAnswer({ method, path }: Request, answer: Response): Promise<string[]> {
      const operation = document.paths[path]?.[method.toLowerCase()];
      if (operation === undefined) return [`${method} ${path} is not in the document`];
      const described = (operation.responses as Json)[answer.status];
      if (described === undefined) return [`${answer.status} is not in the document`];
      const { headers = {}, content = {} } = resolve(described) as { headers?: Json; content?: Json };
      const [mediaType = ""] = (answer.headers.get("Content-Type") ?? "").split(";");
      const faults = faultsOfHeaders(headers, answer.headers);
      const media = content[mediaType] as Json | undefined;
      if (mediaType === "" && Object.keys(content).length === 0) return faults;
      if (media === undefined) return [...faults, `${mediaType} is not in the document`];
      if (mediaType === "text/event-stream") {
        void answer.body?.cancel(); // a live stream has no end
        return faults;
      }
      const text = await answer.text();
      const value = mediaType.endsWith("json") ? JSON.parse(text) : text;
      if (mediaType === "application/problem+json") {
        if (!Object.hasOwn(media.examples as Json, value.code)) faults.push(`${value.code} is not in the document`);
        if (value.status !== answer.status) faults.push(`${value.status} is not the answer's status`);
      }
      return [...faults, ...faultsOf(media.schema, value)];
    },
  };
}
