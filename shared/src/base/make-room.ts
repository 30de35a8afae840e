/** Drops the entry that was set longest ago, where a map is as large as it may be: what is set next has room. */
export function makeRoom<K>(map: Map<K, unknown>, max: number): void {
  const oldest = map.size >= max ? map.keys().next() : undefined;
  if (oldest?.done === false) map.delete(oldest.value);
}
