/** The visibility of a player who was ever hidden. */
export interface Visibility {
  isHidden: boolean;
  /** Version of the change (µs), unparsed. */
  version: string;
}

const HIDDEN = "hidden";

/** The word that scripts use. */
export const toState = (isHidden: boolean) => (isHidden ? HIDDEN : "visible");

/**
 * Reads `<version> hidden` or `<version> visible`, as `set-visibility.lua` writes it; undefined for
 * any other text.
 */
export function parseVisibility(text: string): Visibility | undefined {
  const [, version, state] = /^(\d{1,16}) (hidden|visible)$/.exec(text) ?? [];
  return version === undefined ? undefined : { isHidden: state === HIDDEN, version };
}
