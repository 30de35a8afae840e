import { type Link, openLink } from "shared/link/client";
import type { Pool, Upstream } from "./upstreams.ts";

/** A link to each upstream of a pool. */
export interface Links {
  /** Resolves when every upstream has been tried once. */
  readonly firstTry: Promise<void>;
  of(upstream: Upstream): Link | undefined;
  close(): void;
}

export function openLinks({ upstreams }: Pool): Links {
  const links = new Map(upstreams.map((upstream) => [upstream, openLink(upstream.origin)]));
  return {
    firstTry: Promise.all([...links.values()].map(({ firstTry }) => firstTry)).then(() => {}),
    of: (upstream) => links.get(upstream),
    close() {
      for (const link of links.values()) link.close();
    },
  };
}
