/** What Redis keeps of a player who was ever hidden. */
export interface Visibility {
  isHidden: boolean;
  /** Microseconds, as they stand: the version of the change. */
  version: string;
}

const HIDDEN = "hidden";

/** The word that scripts take for it. */
export const toState = (isHidden: boolean) => (isHidden ? HIDDEN : "visible");

/** Reads `<version> hidden` or `<version> visible`, as `set-visibility.lua` writes it; nothing for what is none. */
export function parseVisibility(text: string): Visibility | undefined {
  const [, version, state] = /^(\d{1,16}) (hidden|visible)$/.exec(text) ?? [];
  return version === undefined ? undefined : { isHidden: state === HIDDEN, version };
}
