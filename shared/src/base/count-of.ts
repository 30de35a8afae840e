/** A count with its noun: `1 line`, `2 lines`, `0 entries`. */
export const countOf = (count: number, one: string, several = `${one}s`): string =>
  `${count} ${count === 1 ? one : several}`;
