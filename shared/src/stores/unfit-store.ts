/** A store that answers but must not be used with its settings; the message says what to change. */
export class UnfitStore extends Error {}
