import type { FreshnessEvent } from "shared/api/live";
import type { ProblemCode } from "shared/api/problems";

/** An event of a stream, before it has a number. */
export interface LiveEvent {
  event: string;
  data: unknown;
}

export interface FeedOptions<S> {
  /** The event for a viewer that has no state yet. */
  toSnapshot: (state: S) => LiveEvent;
  /** The events for a viewer that has the state before; the last one leads to the state. */
  toChange: (before: S, after: S) => readonly [...LiveEvent[], LiveEvent];
}

/** The bytes to send to a viewer next, and its position in the feed after them. */
export interface Portion {
  bytes: Uint8Array;
  position: number;
  /** True where the viewer was too slow for the kept changes, and gets a snapshot. */
  isSkip: boolean;
}

/**
 * The state of one thing that viewers watch, and the last changes that led to it, each encoded once
 * for all viewers. A viewer is a position in the feed: nothing is queued for it.
 */
export interface Feed<S> {
  readonly hasState: boolean;
  /** Takes the state of the last read. @returns whether viewers have something to get */
  publish(state: S): boolean;
  /** Records that the last read failed, and why. @returns whether viewers have something to get */
  markStale(code: ProblemCode): boolean;
  /** The first portion of a new viewer, or of one that resumes after `lastEventId`. */
  begin(lastEventId?: string): Portion;
  /** The portion after a position; undefined at the end of the feed. */
  after(position: number): Portion | undefined;
}

/** 16 seconds of a board that changes with every read. */
const CHANGES_MAX = 64;
const CHANGES_BYTES_MAX = 64 * 1024;

interface Change {
  bytes: Uint8Array;
  /** The digest of the state before it. */
  digestBefore: string;
}

const FRESH: FreshnessEvent = { event: "fresh", data: {} };
const staleBecause = (code: ProblemCode): FreshnessEvent => ({ event: "stale", data: { code } });

const encoder = new TextEncoder();
const UP_TO_DATE = encoder.encode(": up to date\n\n");

const encode = ({ event, data }: LiveEvent, id?: string) =>
  encoder.encode(`event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);

/** Names a state, in the same way on every ranker. */
const digestOf = (state: unknown) => Bun.hash.xxHash64(JSON.stringify(state)).toString(16).padStart(16, "0");

/**
 * An event's id is `<number>-<digest>`. The number counts the states of this feed. By the digest a
 * viewer resumes here or on another ranker: with the digest of the present state, or of one before
 * a kept change, it needs no snapshot.
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

  function wholeState({ isSkip = false } = {}): Portion {
    if (present === undefined) throw new Error("nothing was published yet");
    snapshot ??= encode(toSnapshot(present.state), present.id);
    return { bytes: join(stale === undefined ? [snapshot] : [snapshot, stale]), position: end, isSkip };
  }

  function after(position: number): Portion | undefined {
    if (position === end) return undefined;
    const missed = end - position;
    if (missed > changes.length) return wholeState({ isSkip: true });
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
      append(encodeAll(toChange(before.state, state), present.id), before.digest);
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
      if (digest === undefined) return wholeState();
      if (digest === present?.digest) return { bytes: stale ?? UP_TO_DATE, position: end, isSkip: false };
      const index = changes.findLastIndex(({ digestBefore }) => digestBefore === digest);
      return (index < 0 ? undefined : after(end - changes.length + index)) ?? wholeState();
    },

    after,
  };
}

/** Only the last event has the id: a viewer that was cut off before it gets all again. */
const encodeAll = (events: readonly LiveEvent[], id: string) =>
  join(events.map((event, index) => encode(event, index === events.length - 1 ? id : undefined)));

const join = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
