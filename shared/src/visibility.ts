/** What Redis keeps of a player who was ever hidden. */
export interface Visibility {
  isHidden: boolean;
  /** Microseconds, as they stand: the version of the change. */
  version: string;
}

export const HIDDEN = "hidden";
export const VISIBLE = "visible";

/** `<version> hidden`, or `<version> visible`: the form in which `set-visibility.lua` writes it. */
export const formatVisibility = ({ isHidden, version }: Visibility) => `${version} ${isHidden ? HIDDEN : VISIBLE}`;

/** Reads one; nothing for what is none. */
export function parseVisibility(text: string): Visibility | undefined {
  const [, version, state] = /^(\d{1,16}) (hidden|visible)$/.exec(text) ?? [];
  return version === undefined ? undefined : { isHidden: state === HIDDEN, version };
}
