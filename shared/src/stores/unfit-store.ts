/** A store that answers and must not be used as it is; the message says how to mend that. */
export class UnfitStore extends Error {}
