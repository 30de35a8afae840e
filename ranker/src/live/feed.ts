import type { FreshnessEvent } from "shared/api/live-events";
import type { ProblemCode } from "shared/api/problems";

/** An event of a stream, before it has a number. */
export interface LiveEvent {
  event: string;
  data: unknown;
}

export interface FeedOptions<S> {
  /** What somebody who begins to look is told. */
  toSnapshot: (state: S) => LiveEvent;
  /** What somebody who has seen the state before is told. */
  toChange: (before: S, after: S) => LiveEvent;
}

/** What a viewer is to be sent, and where in the feed that leads. */
export interface Portion {
  bytes: Uint8Array;
  position: number;
  /** True where a viewer was too slow for the changes, and begins anew. */
  isSkip: boolean;
}

/**
 * What everybody who looks at the same thing is sent: its state, and the last changes on the way there. It is encoded
 * once, and holds nothing for anybody: a viewer is a position in it.
 */
export interface Feed<S> {
  readonly hasState: boolean;
  /** Takes a state that was read. @returns whether there is something to send */
  publish(state: S): boolean;
  /** Says that the state could not be read again, and why. @returns whether there is something to send */
  markStale(code: ProblemCode): boolean;
  /** For whoever begins to look, or comes back and names the last event seen. */
  begin(lastEventId?: string): Portion;
  /** What follows a position; nothing when that is the end. */
  after(position: number): Portion | undefined;
}

/** 16 seconds of a board that changes at every look. */
const CHANGES_MAX = 64;
const CHANGES_BYTES_MAX = 64 * 1024;

interface Change {
  bytes: Uint8Array;
  /** Of the state that it leads on from. */
  digestBefore: string;
}

const FRESH: FreshnessEvent = { event: "fresh", data: {} };
const staleBecause = (code: ProblemCode): FreshnessEvent => ({ event: "stale", data: { code } });

const encoder = new TextEncoder();
const UP_TO_DATE = encoder.encode(": up to date\n\n");

const encode = ({ event, data }: LiveEvent, id?: string) =>
  encoder.encode(`event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);

/** Names a state: the same on every ranker that sees the same. */
const digestOf = (state: unknown) => Bun.hash.xxHash64(JSON.stringify(state)).toString(16).padStart(16, "0");

/**
 * An id is `<number>-<digest>`. The number counts this feed's states; the digest is what a viewer resumes by, here or on
 * another ranker: whoever has the present state, or one that a change kept here leads on from, needs no snapshot.
 */
export function createFeed<S>({ toSnapshot, toChange }: FeedOptions<S>): Feed<S> {
  let present: { state: S; digest: string; id: string } | undefined;
  let snapshot: Uint8Array | undefined;
  let stale: Uint8Array | undefined;
  let states = 0;
  const changes: Change[] = [];
  let changesBytes = 0;
  /** The position after the last change; that of `changes[i]` is `end - changes.length + i`. */
  let end = 0;

  function append(bytes: Uint8Array, digestBefore: string): void {
    changes.push({ bytes, digestBefore });
    changesBytes += bytes.byteLength;
    end++;
    while (changes.length > CHANGES_MAX || changesBytes > CHANGES_BYTES_MAX) {
      changesBytes -= changes.shift()?.bytes.byteLength ?? 0;
    }
  }

  function wholeState(isSkip: boolean): Portion {
    if (present === undefined) throw new Error("nothing was published yet");
    snapshot ??= encode(toSnapshot(present.state), present.id);
    return { bytes: join(stale === undefined ? [snapshot] : [snapshot, stale]), position: end, isSkip };
  }

  function after(position: number): Portion | undefined {
    if (position === end) return undefined;
    const missed = end - position;
    if (missed > changes.length) return wholeState(true);
    return { bytes: join(changes.slice(-missed).map(({ bytes }) => bytes)), position: end, isSkip: false };
  }

  return {
    get hasState() {
      return present !== undefined;
    },

    publish(state) {
      const digest = digestOf(state);
      const before = present;
      const wasStale = stale !== undefined;
      stale = undefined;
      if (before?.digest === digest) {
        if (wasStale) append(encode(FRESH), digest);
        return wasStale;
      }
      present = { state, digest, id: `${++states}-${digest}` };
      snapshot = undefined;
      if (before === undefined) return true;
      append(encode(toChange(before.state, state), present.id), before.digest);
      return true;
    },

    markStale(code) {
      if (present === undefined || stale !== undefined) return false;
      stale = encode(staleBecause(code));
      append(stale, present.digest);
      return true;
    },

    begin(lastEventId) {
      const digest = /^\d{1,15}-([0-9a-f]{16})$/.exec(lastEventId ?? "")?.[1];
      if (digest === undefined) return wholeState(false);
      if (digest === present?.digest) return { bytes: stale ?? UP_TO_DATE, position: end, isSkip: false };
      const index = changes.findLastIndex(({ digestBefore }) => digestBefore === digest);
      return (index < 0 ? undefined : after(end - changes.length + index)) ?? wholeState(false);
    },

    after,
  };
}

const join = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
