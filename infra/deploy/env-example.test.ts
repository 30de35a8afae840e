import { expect, test } from "bun:test";
import { join } from "node:path";
import type { z } from "zod";
import { drainerFields } from "../../drainer/src/config.ts";
import { gatewayFields } from "../../gateway/src/config.ts";
import { rankerFields } from "../../ranker/src/config.ts";

const text = await Bun.file(join(import.meta.dir, "../../.env.example")).text();
const listed = [...text.matchAll(/^(#?)([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, mark, name = "", value = ""]) => ({
  isOptional: mark === "#",
  name,
  value,
}));
const services: Record<string, z.ZodRawShape>[] = [{ gatewayFields }, { rankerFields }, { drainerFields }];
const fields = services.flatMap((service) => Object.values(service).flatMap((shape) => Object.entries(shape)));
const isOverride = (name: string) => /^(REDIS|POSTGRES)_URL_[A-Z]+$/.test(name);

const parsed = (schema: z.core.$ZodType, value: string | undefined) =>
  (schema as z.ZodType).safeParse(value === "" ? undefined : value);

test(".env.example lists every variable of every service", () => {
  const names = new Set(listed.map(({ name }) => name));
  expect([...new Set(fields.map(([name]) => name))].filter((name) => name !== "" && !names.has(name))).toEqual([]);
});

test("every listed variable is read by a service", () => {
  const known = new Set(fields.map(([name]) => name));
  expect(listed.filter(({ name }) => !known.has(name) && !isOverride(name))).toEqual([]);
});

test("optional variables are commented out, required ones are not", () => {
  for (const [name, schema] of fields) {
    const isOptional = parsed(schema, undefined).success;
    for (const line of listed.filter((each) => each.name === name)) {
      expect({ name, isOptional: line.isOptional }).toEqual({ name, isOptional });
    }
  }
});

test("each value is valid and each default is the schema's", () => {
  for (const [name, schema] of fields) {
    const values = listed.filter((line) => line.name === name && line.value !== "").map(({ value }) => value);
    const results = values.map((value) => parsed(schema, value));
    expect({ name, valid: results.every(({ success }) => success) }).toEqual({ name, valid: true });
    const missing = parsed(schema, undefined).data;
    if (missing === undefined || (Array.isArray(missing) && missing.length === 0)) continue;
    expect({ name, defaults: results.map(({ data }) => data) }).toMatchObject({
      name,
      defaults: expect.arrayContaining([missing]),
    });
  }
});
