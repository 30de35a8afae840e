/** What operators decided on a player whom they ever hid or renamed. */
export interface Visibility {
  isHidden: boolean;
  /** Version of the change (µs), unparsed. */
  version: string;
  /** The name that they gave the player; empty where there is none. */
  name: string;
}

const HIDDEN = "hidden";

/** The word that scripts use. */
export const toState = (isHidden: boolean) => (isHidden ? HIDDEN : "visible");

/**
 * Reads `<version> hidden` or `<version> visible`, behind which a given name may stand, as
 * `set-visibility.lua` and `rename-player.lua` write it; undefined for any other text.
 */
export function parseVisibility(text: string): Visibility | undefined {
  const [, version, state, name = ""] = /^(\d{1,16}) (hidden|visible)(?: (.+))?$/su.exec(text) ?? [];
  return version === undefined ? undefined : { isHidden: state === HIDDEN, version, name };
}
