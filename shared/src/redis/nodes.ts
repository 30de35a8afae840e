import { suggest } from "../command/suggest.ts";
import { type RedisTls, readTls, TLS_PARAMETERS } from "./tls.ts";

/** Where a Redis is: one server, or several nodes of a cluster. */
export interface RedisNodes {
  /** The nodes as `host:port`. */
  addresses: string[];
  username: string | undefined;
  password: string | undefined;
  isTls: boolean;
  /** How the servers are verified, where the URL says so. */
  tls?: RedisTls;
}

const PROTOCOLS = ["redis:", "rediss:"];
const DEFAULT_PORT = 6379;

/**
 * Reads `redis://user:password@a:7000,b:7001,redis://c:7002`. Scheme and credentials of the first
 * node hold for all. One item is a single server; several are nodes of one cluster, also where the
 * same node is named twice.
 *
 * @throws Error whose message completes "REDIS_URL …"
 */
export function parseRedisNodes(text: string): RedisNodes {
  const [first = "", ...rest] = text.split(",").map((item) => item.trim());
  const url = parse(first);
  if (url === undefined) throw new Error("must be a URL that begins with redis:// or rediss://");
  refuseParameters(url);
  const tls = readTls(url);
  for (const name of TLS_PARAMETERS) url.searchParams.delete(name);
  const others = rest.map((item) => parse(item.includes("://") ? item : `${url.protocol}//${item}`));
  const isPlain = (node: URL | undefined) =>
    node !== undefined &&
    node.protocol === url.protocol &&
    [node.username, node.password, node.search, node.hash, node.pathname.replace(/^\/0?$/, "")].every((s) => s === "");
  const isPlainFirst = rest.length === 0 || isPlain(withoutCredentials(url));
  if (!isPlainFirst || !others.every(isPlain)) {
    throw new Error("must name the nodes of a cluster as redis://user:password@host:port,host:port,…, all of one kind");
  }
  const nodes: RedisNodes = {
    addresses: [url, ...others].flatMap((node) => (node === undefined ? [] : [addressOf(node)])),
    username: decodeURIComponent(url.username) || undefined,
    password: decodeURIComponent(url.password) || undefined,
    isTls: url.protocol === "rediss:",
  };
  if (tls !== undefined) nodes.tls = tls;
  return nodes;
}

/** Parameters that the client reads by itself, and their values. */
const OF_THE_CLIENT: ReadonlyMap<string, RegExp> = new Map([
  ["db", /^\d{1,9}$/],
  ["family", /^[046]$/],
]);
const PARAMETERS = [...TLS_PARAMETERS, ...OF_THE_CLIENT.keys()];

/** @throws Error that names a parameter that is not known, or has a value that is not valid */
function refuseParameters({ searchParams }: URL): void {
  for (const [name, value] of searchParams) {
    if (!PARAMETERS.includes(name)) {
      const near = suggest(name, PARAMETERS);
      throw new Error(
        `has a parameter ${name}, and there ${near === "" ? `are ${PARAMETERS.join(", ")}` : `is none${near}`}`,
      );
    }
    if (OF_THE_CLIENT.get(name)?.test(value) === false) {
      throw new Error(name === "db" ? "must have a number as db" : "must have family=0, family=4 or family=6");
    }
  }
}

function parse(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && PROTOCOLS.includes(url.protocol) && url.hostname !== "" ? url : undefined;
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return bare;
}

const addressOf = ({ hostname, port }: URL) => `${hostname.replace(/^\[|\]$/g, "")}:${port || DEFAULT_PORT}`;
