/** How Lua sees an argument: as text, a number, or a boolean that travels as `1` or `0`. */
export type ArgKind = "text" | "number" | "flag";
type ArgKinds = Readonly<Record<string, ArgKind>>;
type ArgOf = { text: string | number; number: number; flag: boolean };
type ArgValues<A extends ArgKinds> = { readonly [Name in keyof A]: ArgOf[A[Name]] };

/** The names of a script's keys and arguments, in their order. */
interface LayoutNames<K extends string, A extends ArgKinds, I extends ArgKinds> {
  keys: readonly K[];
  args: A;
  /** Arguments that follow the others, once for each item of a list. */
  item?: I;
}

/** Makes a script's keys and arguments, and the Lua header that names them in `snake_case`. */
export interface Layout<K extends string, A extends ArgKinds, I extends ArgKinds> {
  toKeys(values: Readonly<Record<K, string>>): string[];
  toArgs(values: ArgValues<A>): (string | number)[];
  toItem(values: ArgValues<I>): (string | number)[];
  /** @param argsBefore arguments in front that the caller of the script does not pass */
  toHeader(argsBefore: number): string;
}

/**
 * Lays out a script, so that a key or an argument is added in one place for TypeScript and Lua. The
 * header declares a local for each name; `FIRST_KEY` and `FIRST_ARG`, the places of those that have
 * none; and for items `ITEM_ARGS`, a local for each name, and `take_item(place)`, which sets these
 * to the item whose arguments begin there.
 */
export function defineLayout<
  const K extends string,
  const A extends ArgKinds = Record<never, ArgKind>,
  const I extends ArgKinds = Record<never, ArgKind>,
>({ keys, args, item }: LayoutNames<K, A, I>): Layout<K, A, I> {
  const argNames: (keyof A)[] = Object.keys(args);
  const itemNames: (keyof I)[] = Object.keys(item ?? {});
  return {
    toKeys: (values) => keys.map((name) => values[name]),
    toArgs: (values) => argNames.map((name) => toWire(values[name])),
    toItem: (values) => itemNames.map((name) => toWire(values[name])),
    toHeader(argsBefore) {
      const firstArg = argsBefore + 1;
      const kinds = Object.entries(args);
      return [
        keys.map((name, i) => `local ${toSnakeCase(name)} = KEYS[${i + 1}]`).join("\n"),
        kinds.map(([name, kind], i) => `local ${toSnakeCase(name)} = ${toLua(kind, `${firstArg + i}`)}`).join("\n"),
        `local FIRST_KEY, FIRST_ARG = ${keys.length + 1}, ${firstArg + kinds.length}`,
        item === undefined ? "" : toItemHeader(Object.entries(item)),
        "",
      ].join("\n");
    },
  };
}

const toWire = (value: string | number | boolean): string | number =>
  typeof value === "boolean" ? Number(value) : value;

const toSnakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function toLua(kind: ArgKind, place: string): string {
  if (kind === "number") return `tonumber(ARGV[${place}])`;
  return kind === "flag" ? `ARGV[${place}] == '1'` : `ARGV[${place}]`;
}

function toItemHeader(item: readonly (readonly [name: string, kind: ArgKind])[]): string {
  const names = item.map(([name]) => toSnakeCase(name)).join(", ");
  const values = item.map(([, kind], i) => toLua(kind, `place + ${i}`)).join(", ");
  return `local ITEM_ARGS, ${names} = ${item.length}\nlocal function take_item(place) ${names} = ${values} end`;
}
