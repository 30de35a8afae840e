/** What the sources of the C# client say about the API. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export const CSHARP = join(import.meta.dir, "../../shared/client-csharp");

/** A field that a class reads from an answer. */
export interface ReadField {
  name: string;
  /** The method of `JsonObject`: `String`, `IntegerOrNull`. */
  kind: string;
  /** The class of an object, or of the objects of a list. */
  of: string | undefined;
}

/** A field that a class writes into a request. */
export interface WrittenField {
  name: string;
  /** The C# type of the property; undefined for a word or a list that is made of one. */
  type: string | undefined;
  /** Whether the constructor takes it. */
  isGiven: boolean;
}

export interface CsharpClass {
  name: string;
  base: string | undefined;
  /** Reads an answer; others write requests, or neither. */
  isAnswer: boolean;
  reads: ReadField[];
  writes: WrittenField[];
  /** Classes that read the same object. */
  inlined: string[];
}

/** A method of the client that calls a route. */
export interface CsharpRoute {
  name: string;
  /** `GET /rank/{}` */
  route: string;
  /** The class of the answer; undefined for a stream. */
  answer: string | undefined;
  /** Classes of the parameters. */
  takes: string[];
  /** Fields that the method writes itself. */
  writes: string[];
}

/** @returns the text of all sources of the package */
export async function readSources(): Promise<string> {
  const folder = join(CSHARP, "Runtime");
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(".cs"));
  const texts = await Promise.all(files.toSorted().map((file) => readFile(join(folder, file), "utf8")));
  return texts.join("\n");
}

export function readClasses(sources: string): Map<string, CsharpClass> {
  const declared = sources.matchAll(
    /public (?:sealed |abstract )?class (\w+)(?: : (\w+))?\n {4}\{\n([\s\S]*?)\n {4}\}\n/g,
  );
  return new Map([...declared].map(([, name = "", base, body = ""]) => [name, toClass(name, base, body)]));
}

function toClass(name: string, base: string | undefined, body: string): CsharpClass {
  const isAnswer = body.includes("(JsonObject json)");
  const properties = new Map(
    [...body.matchAll(/public ([\w<>?]+) (\w+) \{ get;( set;)?/g)].map(([, type, property = "", settable]) => [
      property,
      { type, isGiven: settable === undefined },
    ]),
  );
  const reads = body.matchAll(/json\.(\w+)\("(\w+)"(?:, each => new (\w+)\(each\))?\)/g);
  const writes = body.matchAll(/(?:json|query)\.(?:Field|Json|Strings)\("(\w+)", (\w+)\)?/g);
  const inlined = body.matchAll(/new (\w+)\(json\)/g);
  return {
    name,
    base,
    isAnswer,
    reads: [...reads].flatMap(([, kind = "", field = "", of]) => (kind === "Has" ? [] : [{ name: field, kind, of }])),
    writes: isAnswer
      ? []
      : [...writes].map(([, field = "", value = ""]) => ({
          name: field,
          type: properties.get(value)?.type,
          isGiven: properties.get(value)?.isGiven ?? false,
        })),
    inlined: [...inlined].map(([, inside = ""]) => inside),
  };
}

export function readRoutes(sources: string, classes: ReadonlyMap<string, CsharpClass>): CsharpRoute[] {
  const isRequest = (word: string) => withBases(classes, word, ({ writes }) => writes).length > 0;
  const client = [...sources.matchAll(/public sealed partial class LeaderboardClient[\s\S]*?\n {4}\}\n/g)].join("\n");
  return client.split(/^(?= {8}(?:public|private) )/m).flatMap((member) => {
    const [, method, path] = /"(GET|POST|PATCH|PUT|DELETE)",\s*(?:To\()?\$?"([^"]+)"/.exec(member) ?? [];
    if (method === undefined || path === undefined) return [];
    const [, name = ""] = /(\w+)\(/.exec(member) ?? [];
    const code = member.replaceAll(/^ *\/\/\/.*$/gm, "");
    const [signature = ""] = code.split(/=>|\{\n/);
    return [
      {
        name,
        route: `${method} ${path.replaceAll(/\{[^}]*\)\}/g, "{}")}`,
        answer: /json => new (\w+)\(json\)/.exec(code)?.[1],
        takes: [...signature.matchAll(/\b[A-Z]\w+/g)].flatMap(([word]) => (isRequest(word) ? [word] : [])),
        writes: [...code.matchAll(/(?:json|parameters)\.(?:Field|List)\("(\w+)"/g)].map(([, field = ""]) => field),
      },
    ];
  });
}

/** A method of the client as callers see it. */
export interface CsharpMethod {
  name: string;
  /**
   * `userId, RankQuery?` without what many methods take: a class, or the name of a simple value.
   */
  takes: string;
}

export function readMethods(sources: string): CsharpMethod[] {
  const client = [...sources.matchAll(/public sealed partial class LeaderboardClient[\s\S]*?\n {4}\}\n/g)].join("\n");
  const code = client.replaceAll("default(CancellationToken)", "none");
  return [...code.matchAll(/^ {8}public (?:async )?[\w<>]+ (\w+)\(([^)]*)\)/gm)].map(([, name = "", list = ""]) => ({
    name,
    takes: list
      .split(/,\s*/)
      .flatMap((parameter) => {
        const [type = "", given = "", , missing] = parameter.trim().split(/\s+/);
        if (["", "idempotencyKey", "cancellation", "lastEventId"].includes(given)) return [];
        return [(/^[A-Z]\w+$/.test(type) ? type : given) + (missing === undefined ? "" : "?")];
      })
      .join(", "),
  }));
}

/** A class's own fields and those of the classes that it extends. */
export function withBases<F>(
  classes: ReadonlyMap<string, CsharpClass>,
  name: string | undefined,
  fieldsOf: (each: CsharpClass) => F[],
): F[] {
  const found = classes.get(name ?? "");
  return found === undefined ? [] : [...withBases(classes, found.base, fieldsOf), ...fieldsOf(found)];
}
